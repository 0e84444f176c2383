"""Crowds that are seen in neighbouring cells, and some of which arrive here a while later."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from edge_llm_env.arrivals.poisson import poisson_arrivals
from edge_llm_env.arrivals.process import ArrivalProcess, Arrived, Counted
from edge_llm_env.support.quantities import DurationS, LoadS, RatePerS, Variation

CYCLES_BEFORE = 10
"""Mean cycles of crowds before an episode, after which when it began does not matter."""

MOST_CROWDS = 10**6
"""Of a feeder in an episode; each is drawn on its own."""

Share = Annotated[float, Field(ge=0, le=1000)]


class FeederArrivals(ArrivalProcess):
    """Poisson arrivals at a base rate, and at a crowd's rate while one passes that was seen at a feeder cell.

    At each feeder cell crowds come and go by turns, for times drawn from Gamma distributions. What is asked there is
    counted in periods of `count_every_s`, as Poisson numbers, in `Workload.feeder_counts`. A crowd at feeder f is here
    l_f later, at s_f times the crowd's rate; of a decoy, with s_f = 0, nobody is. Neither is told by any observation.
    """

    kind: Literal["feeders"]
    rate_per_s: RatePerS = Field(description="arrivals of those who are no crowd")
    crowd_rate_per_s: RatePerS = Field(description="arrivals while a crowd with s = 1 is here")
    lags_s: Annotated[tuple[LoadS, ...], Field(min_length=1, max_length=64)] = Field(
        description="l_f, from when a crowd is at feeder f to when it is here; hidden"
    )
    shares: Annotated[tuple[Share, ...], Field(min_length=1, max_length=64)] = Field(
        description="s_f, how many times `crowd_rate_per_s` it is here; 0 of a decoy; hidden"
    )
    mean_crowd_s: DurationS = Field(description="mean time that a crowd stays")
    mean_calm_s: DurationS = Field(description="mean time until the next one")
    length_variation: Variation = Field(default=0.5, description="coefficient of variation of both")
    seen_crowd_per_s: RatePerS = Field(description="counts at a feeder while a crowd is there")
    seen_calm_per_s: RatePerS = Field(description="counts at a feeder without one")
    count_every_s: DurationS = Field(description="period that counts are of; that of an epoch")

    @model_validator(mode="after")
    def _every_feeder_has_both(self) -> FeederArrivals:
        if len(self.lags_s) != len(self.shares):
            raise ValueError(
                f"lags_s has {len(self.lags_s)} feeders: must have as many as shares, which has {len(self.shares)}"
            )
        return self

    @property
    def crowd_share(self) -> float:
        """Part of the time that a crowd is at a feeder."""
        return self.mean_crowd_s / (self.mean_crowd_s + self.mean_calm_s)

    @property
    def mean_rate_per_s(self) -> float:
        """Mean arrival rate over all episodes."""
        return self.rate_per_s + self.crowd_rate_per_s * sum(self.shares) * self.crowd_share

    @property
    def counted(self) -> Counted:
        """What is counted at the feeders."""
        return Counted(len(self.lags_s), self.seen_crowd_per_s * self.count_every_s, self.count_every_s)

    def check_episode(self, horizon_s: float) -> None:
        """Raise ValueError where crowds or counts of an episode of that length are too many."""
        cycle_s = self.mean_crowd_s + self.mean_calm_s
        several = max((horizon_s + max(self.lags_s)) / cycle_s, horizon_s / self.count_every_s)
        if several > MOST_CROWDS:
            raise ValueError(
                f"mean_crowd_s + mean_calm_s = {cycle_s:g}, lags_s up to {max(self.lags_s):g}, count_every_s = "
                f"{self.count_every_s:g}: there would be {several:.4g} crowds or counts of a feeder in the "
                f"{horizon_s:.4g} s of an episode and the lag before it, must be at most {MOST_CROWDS:,}"
            )

    def periods(self, horizon_s: float) -> int:
        """Periods that counts are of, in an episode of that length."""
        return max(1, round(horizon_s / self.count_every_s))

    def draw(self, rng: np.random.Generator, horizon_s: float) -> Arrived:
        """The requests of one episode of that length, and what is counted at the feeders."""
        edges_s = np.arange(self.periods(horizon_s) + 1) * self.count_every_s
        counts = np.zeros((len(edges_s) - 1, len(self.lags_s)), dtype=np.int64)
        times = [poisson_arrivals(rng, self.rate_per_s, horizon_s)]
        for feeder, (lag_s, share) in enumerate(zip(self.lags_s, self.shares, strict=True)):
            crowds = self.draw_crowds(rng, horizon_s)
            present_s = np.zeros(len(edges_s) - 1)
            for start_s, end_s in crowds.tolist():
                present_s += np.clip(np.minimum(end_s, edges_s[1:]) - np.maximum(start_s, edges_s[:-1]), 0.0, None)
                first_s, last_s = max(0.0, start_s + lag_s), min(horizon_s, end_s + lag_s)
                if share > 0.0 and last_s > first_s:
                    rate_per_s = share * self.crowd_rate_per_s
                    times.append(first_s + poisson_arrivals(rng, rate_per_s, last_s - first_s))
            absent_s = self.count_every_s - present_s
            counts[:, feeder] = rng.poisson(self.seen_crowd_per_s * present_s + self.seen_calm_per_s * absent_s)
        return Arrived(np.sort(np.concatenate(times)), feeder_counts=counts)

    def draw_crowds(self, rng: np.random.Generator, horizon_s: float) -> NDArray[np.float64]:
        """When crowds come to a feeder and leave it (s), of shape (crowds, 2): those of the episode, and its past."""
        shape = 1.0 / self.length_variation**2
        cycle_s = self.mean_crowd_s + self.mean_calm_s
        now_s = -max(self.lags_s) - CYCLES_BEFORE * cycle_s * (1.0 + rng.random())
        crowds = []
        while now_s < horizon_s:
            start_s = now_s + rng.gamma(shape, self.mean_calm_s / shape)
            now_s = start_s + rng.gamma(shape, self.mean_crowd_s / shape)
            crowds.append((start_s, now_s))
        return np.array(crowds)
