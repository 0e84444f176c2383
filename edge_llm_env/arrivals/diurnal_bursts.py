"""Arrivals that rise and fall over a day, and bursts at any time of it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from edge_llm_env.arrivals.diurnal import DailyArrivals
from edge_llm_env.arrivals.markov_modulated import check_changes, markov_modulated_arrivals
from edge_llm_env.arrivals.process import Arrived
from edge_llm_env.support.quantities import DurationS, RatePerS


class DiurnalBurstArrivals(DailyArrivals):
    """Poisson arrivals at the rate r·(1 + a·sin(2πt/P + φ)), and at a burst's rate beside it while a burst lasts.

    Bursts and the calm between them last for exponential times, whatever the time of the day.
    """

    kind: Literal["diurnal_bursts"]
    burst_rate_per_s: RatePerS = Field(description="arrivals of a burst, beside those of the day")
    mean_burst_s: DurationS = Field(description="mean time that a burst lasts")
    mean_calm_s: DurationS = Field(description="mean time until the next one")

    @property
    def mean_rate_per_s(self) -> float:
        """Mean arrival rate over all episodes."""
        return self.rate_per_s + self.burst_rate_per_s * self.mean_burst_s / (self.mean_burst_s + self.mean_calm_s)

    def check_episode(self, horizon_s: float) -> None:
        """Raise ValueError where bursts are too many in an episode of that length."""
        check_changes("mean_burst_s, mean_calm_s", (self.mean_burst_s, self.mean_calm_s), horizon_s)

    def draw(self, rng: np.random.Generator, horizon_s: float) -> Arrived:
        """The requests of one episode of that length."""
        day = self.draw_day(rng, horizon_s)
        rates_per_s, mean_sojourns_s = (0.0, self.burst_rate_per_s), (self.mean_calm_s, self.mean_burst_s)
        bursts = markov_modulated_arrivals(rng, rates_per_s, mean_sojourns_s, horizon_s)
        return Arrived(np.sort(np.concatenate([day, bursts])))
