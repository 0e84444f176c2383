"""The actions of a network's nodes as what requests are worth to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

GRID = 1024
"""Values are rounded up to multiples of one part in this, so that sums of them are exact."""


def values_of_bids(bids: Any, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Values in 0..1 of shape (nodes, Q) of bids in -1..1, given in that shape or flat; a bid of -1 is none.

    Raises ValueError when the number of bids differs or one is not in -1..1.
    """
    try:
        given = np.asarray(bids, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"action = {bids!r}: must be numbers of shape ({shape[0] * shape[1]},)") from None
    if given.shape != (shape[0] * shape[1],):
        raise ValueError(f"action of shape {given.shape}: must have shape ({shape[0] * shape[1]},)")
    outside = ~((given >= -1.0) & (given <= 1.0))  # NaN too
    if outside.any():
        raise ValueError(f"action: every bid must be between -1 and 1, one is {given[outside][0]:g}")
    values: NDArray[np.float64] = np.ceil((1.0 + given.reshape(shape)) / 2.0 * GRID) / GRID
    return values
