"""Discrete actions: one of so many."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.naming import shown


def checked_choice(action: Any, last: int) -> int:
    """The action of an environment as an int, one type, so that the kernel is compiled once.

    Raises ValueError for what is no integer in 0..last; an array of one number is one, as for `Discrete.contains`.
    """
    whole = isinstance(action, int | np.integer) or (
        isinstance(action, np.ndarray) and action.shape == () and action.dtype.kind in "iu"
    )
    if not (whole and 0 <= action <= last):
        raise ValueError(f"action = {shown(action)}: must be an integer in 0..{last}")
    return int(action)


def checked_choices(actions: Any, rows: int, last: int) -> NDArray[np.int64]:
    """The actions of all rows, int64 of shape (rows,), in one layout, so that the kernel is compiled once.

    Raises ValueError for what are no integers in 0..last of that shape.
    """
    try:
        given = np.asarray(actions)
    except ValueError:
        raise ValueError(f"actions of parts of unequal length: must be integers of shape ({rows},)") from None
    if given.shape != (rows,) or given.dtype.kind not in "iu":
        raise ValueError(f"actions of shape {given.shape} and dtype {given.dtype}: must be integers of shape ({rows},)")
    checked = np.array(given, dtype=np.int64)
    if np.maximum.reduce(checked.view(np.uint64)) > last:  # negative ones are the largest of all
        raise ValueError(f"actions in {given.min()}..{given.max()}: must be in 0..{last}")
    return checked
