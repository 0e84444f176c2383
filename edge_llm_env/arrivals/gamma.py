"""Arrivals with gamma times between them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_llm_env.arrivals.process import ArrivalProcess, Arrived
from edge_llm_env.support.quantities import RatePerS, Variation


class GammaArrivals(ArrivalProcess):
    """Independent gamma times between arrivals: regular below a coefficient of variation of 1, bursty above."""

    kind: Literal["gamma"]
    rate_per_s: RatePerS
    coefficient_of_variation: Variation = Field(
        description="standard deviation over mean of the times between arrivals; 1 is Poisson"
    )

    @property
    def mean_rate_per_s(self) -> float:
        """Mean arrival rate over all episodes."""
        return self.rate_per_s

    def draw(self, rng: np.random.Generator, horizon_s: float) -> Arrived:
        """The requests of one episode of that length."""
        return Arrived(gamma_arrivals(rng, self.rate_per_s, self.coefficient_of_variation, horizon_s))


def gamma_arrivals(
    rng: np.random.Generator, rate_per_s: float, variation: float, horizon_s: float
) -> NDArray[np.float64]:
    """Arrival times with independent gamma times between them, of that coefficient of variation.

    The episode begins at a random moment of the process, so the mean count is rate × horizon from the start: the time
    to the first arrival is a uniform part of a gap that is met in proportion to its length, which is gamma with shape
    1/cv² + 1 (the inspection paradox; Cox, Renewal Theory, 1962).
    """
    shape = 1.0 / variation**2
    scale_s = 1.0 / (rate_per_s * shape)
    times = np.array([rng.random() * rng.gamma(shape + 1.0, scale_s)])
    gaps = 1 + int(rate_per_s * horizon_s)
    while times[-1] < horizon_s:
        times = np.append(times, times[-1] + np.cumsum(rng.gamma(shape, scale_s, size=gaps)))
    return times[times < horizon_s]
