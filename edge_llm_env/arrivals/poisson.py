"""Poisson arrivals at a constant rate."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.arrivals.process import ArrivalProcess, Arrived
from edge_llm_env.support.quantities import RatePerS


class PoissonArrivals(ArrivalProcess):
    """Independent arrivals at a constant rate."""

    kind: Literal["poisson"]
    rate_per_s: RatePerS

    @property
    def mean_rate_per_s(self) -> float:
        """Mean arrival rate over all episodes."""
        return self.rate_per_s

    def draw(self, rng: np.random.Generator, horizon_s: float) -> Arrived:
        """The requests of one episode of that length."""
        return Arrived(poisson_arrivals(rng, self.rate_per_s, horizon_s))


def poisson_arrivals(rng: np.random.Generator, rate_per_s: float, horizon_s: float) -> NDArray[np.float64]:
    """Arrival times of a Poisson process: a Poisson count of uniform times, sorted."""
    count = rng.poisson(rate_per_s * horizon_s)
    times = rng.random(count)
    times *= horizon_s
    times.sort()
    return times
