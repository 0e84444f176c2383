"""Poisson arrivals whose rate rises and falls over a day."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_llm_env.arrivals.poisson import poisson_arrivals
from edge_llm_env.arrivals.process import ArrivalProcess, Arrived
from edge_llm_env.support.quantities import AngleRad, DurationS, RatePerS


class DailyArrivals(ArrivalProcess):
    """Arrivals with a part that rises and falls over a day, at the rate r·(1 + a·sin(2πt/P + φ))."""

    rate_per_s: RatePerS = Field(description="r, mean over a period")
    amplitude: float = Field(ge=0, le=1, description="a, relative to the mean")
    period_s: DurationS = Field(description="P")
    phase_rad: AngleRad | None = Field(
        default=None, description="φ; without it each episode draws its own, so it starts at any time of the day"
    )

    def draw_day(self, rng: np.random.Generator, horizon_s: float) -> NDArray[np.float64]:
        """When requests of that part arrive in an episode of that length (s), ascending."""
        return diurnal_arrivals(rng, self.rate_per_s, self.amplitude, self.period_s, self.phase_rad, horizon_s)


class DiurnalArrivals(DailyArrivals):
    """Poisson arrivals at the rate r·(1 + a·sin(2πt/P + φ)), t from the start of the episode."""

    kind: Literal["diurnal"]

    @property
    def mean_rate_per_s(self) -> float:
        """Mean arrival rate over a period."""
        return self.rate_per_s

    def draw(self, rng: np.random.Generator, horizon_s: float) -> Arrived:
        """The requests of one episode of that length."""
        return Arrived(self.draw_day(rng, horizon_s))


def diurnal_arrivals(
    rng: np.random.Generator,
    rate_per_s: float,
    amplitude: float,
    period_s: float,
    phase_rad: float | None,
    horizon_s: float,
) -> NDArray[np.float64]:
    """Arrival times at the rate r·(1 + a·sin(2πt/P + φ)), a ≤ 1, by thinning a Poisson process at its highest rate.

    Without a phase one is drawn. Thinning: Lewis and Shedler, Naval Research Logistics 26(3), 1979.
    """
    if phase_rad is None:
        phase_rad = 2.0 * np.pi * rng.random()
    times = poisson_arrivals(rng, rate_per_s * (1.0 + amplitude), horizon_s)
    relative_rate = 1.0 + amplitude * np.sin(2.0 * np.pi * times / period_s + phase_rad)
    return times[rng.random(len(times)) * (1.0 + amplitude) < relative_rate]
