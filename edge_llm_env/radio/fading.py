"""Small-scale fading."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def rayleigh_power_gains(
    rng: np.random.Generator, users: int, blocks: int, reciprocal: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Uplink and downlink power gains of Rayleigh block fading, each of shape (users, blocks) and mean 1.

    A block is one epoch; gains of different blocks are independent. The power of a Rayleigh envelope is exponential.
    With `reciprocal` (time-division duplex) both directions have the same gain, and the same array is returned twice.
    """
    uplink = rng.standard_exponential(size=(users, blocks))
    return uplink, uplink if reciprocal else rng.standard_exponential(size=(users, blocks))
