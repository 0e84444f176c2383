"""Rules that plan: by the time of the day, or told where crowds come from and how long they stay."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc

from edge_llm_baselines.racks.planning import plan_rows
from edge_llm_baselines.racks.policy import RackRule
from edge_llm_env.arrivals.feeders import FeederArrivals
from edge_llm_env.rack.state import N_EPOCHS
from edge_llm_env.support.calling import direct
from edge_llm_env.support.naming import shown

HORIZON_EPOCHS = 40
"""Of plans: a start, and as long as a crowd stays."""

MOST_AGES_EPOCHS = 4096
"""Of a belief, which has a number for every one of them, feeder and row."""


class PlannedRule(RackRule):
    """Plans by a forecast (`edge_llm_baselines.racks.planning`); a subclass foretells."""

    def forecast(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and deviation of the load (R, HORIZON_EPOCHS), in modules, from the epoch that begins on."""
        raise NotImplementedError

    def begin(self, rows: NDArray[np.bool_]) -> None:
        """Nothing is remembered."""

    def wanted(self) -> NDArray[np.int64]:
        """(R,) how many modules each row should have on."""
        mean, deviation = self.forecast()
        mean[:, 0] = self.waiting()  # who waits now is known
        deviation[:, 0] = 0.0
        wanted = np.zeros(len(mean), dtype=np.int64)
        money = self.money
        direct(plan_rows)(
            mean, deviation, self.left_epochs(), money.full_value, money.idle_price, money.start_epochs, wanted
        )
        return wanted


class TimeOfDay(PlannedRule):
    """Plans by the mean load at each time of the day, in `profile` (times,) modules, which repeats."""

    def __init__(self, env: Any, profile: NDArray[np.float64]) -> None:
        super().__init__(env)
        self._profile = profile

    def forecast(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The profile, and Poisson deviations."""
        times = len(self._profile)
        # what waits now arrived in the epoch before the one that begins
        epochs = self.state.counters[:, N_EPOCHS, None] + np.arange(HORIZON_EPOCHS)
        at = (epochs * self.params.epoch_s / self.params.day_s * times).astype(np.int64) % times
        mean = self._profile[at]
        return mean, np.sqrt(mean / self.money.load_of_module)


class Told(PlannedRule):
    """Told which feeders announce crowds and when, and how long crowds stay: a Bayesian belief of each feeder's crowd.

    The belief, (R, F, 2, ages), is over whether a crowd is there and for how many epochs it has or has not been; ages
    follow from the Gamma distributions of both, counts are Poisson. What is older than MOST_AGES_EPOCHS goes on as it
    does at that age.
    """

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        arrivals = self.simulation.scenario.workload.arrivals
        if not isinstance(arrivals, FeederArrivals):
            raise ValueError(f"scenario: arrivals.kind = {shown(arrivals.kind)}: must be 'feeders'")
        self._arrivals, epoch_s = arrivals, self.params.epoch_s
        self._lags = np.rint(np.array(arrivals.lags_s) / epoch_s).astype(np.int64)
        self._crowd = arrivals.crowd_rate_per_s * epoch_s * np.array(arrivals.shares) / self.money.load_of_module
        self._base = arrivals.rate_per_s * epoch_s / self.money.load_of_module
        means = np.array([arrivals.mean_calm_s, arrivals.mean_crowd_s]) / epoch_s
        ages = min(MOST_AGES_EPOCHS, int(np.ceil(means.max() * (1.0 + 4.0 * arrivals.length_variation))))
        shape = 1.0 / arrivals.length_variation**2
        lasts = 1.0 - gammainc(shape, np.arange(ages + 1) * shape / means[:, None])  # (2, ages + 1)
        stays = np.divide(lasts[:, 1:], lasts[:, :-1], out=np.zeros_like(lasts[:, 1:]), where=lasts[:, :-1] > 1e-12)
        self._stays = stays
        prior = lasts[:, :-1] / lasts[:, :-1].sum(axis=1, keepdims=True)
        self._prior = prior * np.array([1.0 - arrivals.crowd_share, arrivals.crowd_share])[:, None]
        rows, feeders = len(self._rows), len(self._lags)
        self._belief = np.zeros((rows, feeders, 2, ages))
        self._past = np.zeros((rows, feeders, int(self._lags.max()) + 1))
        """Probability that a crowd was there so many epochs back."""

    def begin(self, rows: NDArray[np.bool_]) -> None:
        """Anything may be."""
        self._belief[rows] = self._prior
        self._past[rows] = self._arrivals.crowd_share

    def forecast(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """By what each feeder has been seen to hold, and how that goes on."""
        counts = self.counted()
        rates = self.params.epoch_s * np.array([self._arrivals.seen_calm_per_s, self._arrivals.seen_crowd_per_s])
        likely = np.exp(counts[..., None] * np.log(rates) - rates)
        belief = self._passed(self._belief) * likely[..., None]
        self._belief = belief = belief / belief.sum(axis=(2, 3), keepdims=True)
        self._past = np.roll(self._past, 1, axis=2)
        self._past[..., 0] = belief[:, :, 1].sum(axis=2)
        coming = np.zeros((*self._past.shape[:2], HORIZON_EPOCHS))
        for ahead in range(HORIZON_EPOCHS):
            belief = self._passed(belief)
            coming[..., ahead] = belief[:, :, 1].sum(axis=2)
        mean = np.full((len(coming), HORIZON_EPOCHS), self._base)
        variance = np.zeros_like(mean)
        for feeder in np.flatnonzero(self._crowd).tolist():
            for ahead in range(HORIZON_EPOCHS):
                # the epoch that begins serves what arrived in the one that has ended, 0 epochs back
                later = ahead - int(self._lags[feeder])
                there = self._past[:, feeder, -later] if later <= 0 else coming[:, feeder, later - 1]
                mean[:, ahead] += self._crowd[feeder] * there
                variance[:, ahead] += self._crowd[feeder] ** 2 * there * (1.0 - there)
        return mean, np.sqrt(variance + mean / self.money.load_of_module)

    def _passed(self, belief: NDArray[np.float64]) -> NDArray[np.float64]:
        """The belief an epoch later."""
        after = np.zeros_like(belief)
        staying = belief * self._stays
        after[..., 1:] = staying[..., :-1]
        after[..., -1] += staying[..., -1]
        after[..., 0] = (belief - staying).sum(axis=3)[..., ::-1]
        return after
