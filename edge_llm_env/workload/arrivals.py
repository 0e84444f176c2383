"""When requests arrive."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def poisson_arrivals(rng: np.random.Generator, rate_per_s: float, horizon_s: float) -> NDArray[np.float64]:
    """Arrival times (s) of a Poisson process on [0, horizon): a Poisson count of uniform times, sorted."""
    count = rng.poisson(rate_per_s * horizon_s)
    times = rng.random(count)
    times *= horizon_s
    times.sort()
    return times
