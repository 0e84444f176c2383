"""Numbers of a state from outside, checked before any kernel computes with them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = 1e100
"""No number of an episode is near it, and products of three such numbers are finite."""


def check_numbers(name: str, array: NDArray[Any], *, may_be_infinite: bool = False) -> None:
    """Raise ValueError naming the array of a state that has NaN or, unless it may, what is infinite or too large."""
    bad = np.isnan(array) if may_be_infinite else ~np.isfinite(array)
    if bad.any():
        raise ValueError(f"state['{name}'] has {array[bad][0]}: every number must be finite")
    if not may_be_infinite and (large := np.abs(array) > LARGEST).any():
        raise ValueError(f"state['{name}'] has {array[large][0]}: every number must be at most {LARGEST:g} in size")
