"""Vectors of parameters as named arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.naming import shown

Shapes = Mapping[str, tuple[int, ...]]
"""Of each array, by its name, in the order in which a vector has them."""


def size_of(shapes: Shapes) -> int:
    """How many parameters there are in all: the length of a vector of them."""
    return sum(int(np.prod(shape)) for shape in shapes.values())


def split_by(shapes: Shapes, parameters: NDArray) -> dict[str, NDArray]:
    """Named arrays, of shape (..., *shape), of parameters (..., size)."""
    arrays, at = {}, 0
    for name, shape in shapes.items():
        count = int(np.prod(shape))
        arrays[name] = parameters[..., at : at + count].reshape(*parameters.shape[:-1], *shape)
        at += count
    return arrays


def join_by(shapes: Shapes, arrays: Mapping[str, NDArray]) -> NDArray:
    """The inverse of `split_by` for one vector; ValueError when names or shapes differ."""
    found = {name: array.shape for name, array in arrays.items()}
    if found != shapes:
        raise ValueError(f"weights have the shapes {shown(found)}: must be {shapes}")
    return np.concatenate([arrays[name].ravel() for name in shapes])
