"""Numbers of a state from outside, checked before any kernel computes with them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_COUNTED = 2**62
"""Of a counter, which goes on from there."""

LARGEST = 1e100
"""No number of an episode is near it, and products of three such numbers are finite."""


def check_numbers(name: str, array: NDArray[Any], *, may_be_infinite: bool = False) -> None:
    """Raise ValueError naming the array of a state that has NaN or, unless it may, what is infinite or too large."""
    bad = np.isnan(array) if may_be_infinite else ~np.isfinite(array)
    if bad.any():
        raise ValueError(f"state['{name}'] has {array[bad][0]}: every number must be finite")
    if not may_be_infinite and (large := np.abs(array) > LARGEST).any():
        raise ValueError(f"state['{name}'] has {array[large][0]}: every number must be at most {LARGEST:g} in size")


def check_within(name: str, array: NDArray[Any], low: NDArray[Any] | int, high: NDArray[Any] | int) -> None:
    """Raise ValueError for numbers that are not between bounds, each one number or one for each row."""
    columns = (..., *[None] * (array.ndim - 1))
    lowest, highest = (np.asarray(bound)[columns] if np.ndim(bound) else np.asarray(bound) for bound in (low, high))
    bad = (array < lowest) | (array > highest)
    if bad.any():
        least, most = (int(np.broadcast_to(bound, array.shape)[bad][0]) for bound in (lowest, highest))
        raise ValueError(f"state['{name}'] has {array[bad][0]}: must be in {least}..{most}")
