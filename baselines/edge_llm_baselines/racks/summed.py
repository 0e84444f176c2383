"""A rule that plans by what all feeder cells together counted: crowds come after the same time from each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.racks.earning import earned
from edge_llm_baselines.racks.economics import economics
from edge_llm_baselines.racks.planned import HORIZON_EPOCHS, PlannedRule
from edge_llm_env.rack.params import rack_params
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

TUNING_EPISODES = 30
"""Workloads that its numbers are chosen on."""

LAGS, WIDTHS = (4, 8, 12, 16, 20, 24), (1, 4, 8)
"""Epochs from a feeder cell to here, and epochs whose counts are averaged, that are tried."""

CAUTIONS = (0.2, 0.6, 1.0)
"""Parts of the forecast's deviation that are tried."""


class SummedFeeders(PlannedRule):
    """Plans each module by a load of `constant` + `gain` times the counts of all feeder cells, `lag_epochs` before.

    Counts are the mean of `width` epochs, in crowds; what is not counted yet is taken to be what is counted now. Loads
    are in modules, and taken to be normal with that deviation. Which feeder is which it does not tell apart.
    """

    def __init__(self, env: Any, constant: float, gain: float, lag_epochs: int, width: int, deviation: float) -> None:
        super().__init__(env)
        self._constant, self._gain, self._lag_epochs, self._width = constant, gain, lag_epochs, width
        self._deviation = deviation

    def forecast(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """By the sum of the feeder cells."""
        back = self._lag_epochs + self._width
        sums = np.stack([self.counted(at).sum(axis=1) for at in range(back)], axis=1) / (self.params.count_scale / 2.0)
        mean = np.empty((len(sums), HORIZON_EPOCHS))
        for ahead in range(HORIZON_EPOCHS):
            first = max(0, self._lag_epochs - ahead)
            mean[:, ahead] = self._constant + self._gain * sums[:, first : first + self._width].mean(axis=1)
        return np.maximum(mean, 0.0), np.full_like(mean, self._deviation)


def tune_summed(scenario: Scenario, seed: int) -> list[float] | None:
    """Constant, gain, lag, width and deviation: least squares of what comes, and by reward how cautious.

    None where there are no feeder cells, or episodes are too short to follow them.
    """
    params = rack_params(scenario)
    if params.feeders == 0:
        return None
    workloads = draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING)
    epochs, per_module = params.episode_epochs, economics(params).load_of_module
    loads, sums = [], []
    for workload in workloads:
        counts = np.histogram(workload.arrival_s, np.arange(epochs + 1) * params.epoch_s)[0]
        loads.append(counts / per_module)
        assert workload.feeder_counts is not None  # there are feeder cells
        sums.append(workload.feeder_counts[:epochs].sum(axis=1) / (params.count_scale / 2.0))
    found = [
        (*_fit(np.array(loads), np.array(sums), lag, width), float(lag), float(width))
        for lag in LAGS
        for width in WIDTHS
        if lag + width < epochs
    ]
    if not found:
        return None
    deviation, constant, gain, lag, width = min(found)
    choices = [[constant, gain, lag, width, caution * deviation] for caution in CAUTIONS]
    rewards = [earned(partial(summed, tuned=one), scenario, workloads).reward.mean() for one in choices]
    return [round(one, 4) for one in choices[int(np.argmax(rewards))]]


def _fit(loads: NDArray[np.float64], sums: NDArray[np.float64], lag: int, width: int) -> tuple[float, float, float]:
    """Deviation, constant and gain of the load of an epoch by the mean count that ends `lag` epochs before it."""
    means = np.lib.stride_tricks.sliding_window_view(sums, width, axis=1).mean(axis=2)  # ends at column + width - 1
    seen = means[:, : sums.shape[1] - lag - width + 1].ravel()
    comes = loads[:, lag + width - 1 :].ravel()
    spread = float(seen.var())
    gain = float(((seen - seen.mean()) * (comes - comes.mean())).mean()) / spread if spread > 0.0 else 0.0
    constant = float(comes.mean()) - gain * float(seen.mean())
    return float((comes - constant - gain * seen).std()), constant, gain


def summed(env: Any, tuned: Sequence[float]) -> SummedFeeders:
    """`SummedFeeders` in an environment, with what `tune_summed` chose."""
    constant, gain, lag, width, deviation = tuned
    return SummedFeeders(env, constant, gain, int(lag), int(width), deviation)
