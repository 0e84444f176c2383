"""Continuous actions: vectors of numbers in -1..1, of which 0 is a sensible one."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import within
from edge_llm_env.support.compilation.compiling import compiled


def symmetric_box(length: int) -> spaces.Box:
    """The action space of vectors in -1..1: float32 and symmetric, as Gymnasium's and SB3's checkers ask for."""
    return spaces.Box(-1.0, 1.0, shape=(length,), dtype=np.float32)


def checked_box(action: Any, space: spaces.Space) -> NDArray[np.float64]:
    """Actions as float64 of the space's shape; float64 ones are taken in full precision.

    Raises ValueError when the shape differs, or an entry is not a number in -1..1.
    """
    shape = space.shape
    try:
        given = np.asarray(action)
    except ValueError:
        raise ValueError(f"action of parts of unequal length: must be numbers of shape {shape}") from None
    if given.shape != shape or given.dtype.kind not in "fiu":
        raise ValueError(f"action of shape {given.shape} and dtype {given.dtype}: must be numbers of shape {shape}")
    if not ((given >= -1) & (given <= 1)).all():  # false for NaN, too
        at = tuple(np.argwhere(~((given >= -1) & (given <= 1)))[0].tolist())
        raise ValueError(f"action[{', '.join(map(str, at))}] = {given[at]}: every entry must be in -1..1")
    return np.array(given, dtype=np.float64, order="C")  # one layout, so that the kernel is compiled once


@compiled
def as_share(entry: float) -> float:
    """An entry in -1..1 as a share in 0..1."""
    return (1.0 + entry) / 2.0


@compiled
def onto_simplex(action: NDArray[np.float64], first: int, count: int) -> float:
    """What to multiply the shares of entries `first` to before `first + count` by, so that they sum to at most 1."""
    total = 0.0
    for entry in range(first, first + count):
        total += as_share(action[entry])
    return 1.0 if within(total, 1.0) else 1.0 / total
