"""What arrives in an epoch, in a few numbers, and what of it is expected: the future that a penalty is about."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_baselines.certificates.penalties.independence import check_independent
from edge_llm_baselines.certificates.penalties.penalty import multiplied
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload

LOADS = (0.75, 1.0, 1.25)
"""Loads, in means of the load, above which what exceeds them is a number of its own: a busy epoch is no busy day."""

URGENT_LOADS = (1.0, 1.4)
"""The same of the load that cannot wait."""

EXPECTATION_SEED = 1_000_003
"""Added to the seed of the workloads that expectations are taken of: they are nobody else's."""

AT_ONCE = 200
"""Workloads that are held at once while expectations are taken; the first ones say what is a mean load and a mean
size. Any numbers would do for these, as the expectation is of the numbers that are made with them."""


FACTORS = 10
"""Known of a request that waits an epoch before."""


class ArrivalSignals(NamedTuple):
    """How arrivals are told of, and what is expected of them.

    As a source of a penalty: W(i, e) = Σ_{g, m} θ_{g,m} · g(i, e) · number_m of the arrivals of epoch e, a value
    function additive over the requests that wait, of which each is worth more or less as what arrives beside it is
    little or much. g is known an epoch before, and arrivals are independent of all before them, so that
    E[W | before] = Σ θ·g·E[number_m].
    """

    window_s: float
    """T_C; T_E where the split is flexible"""
    epoch_s: float
    """T_E"""
    mean_alone_s: float
    """Mean compute time alone of a request that arrives."""
    means: tuple[float, float]
    """Mean load of an epoch's arrivals, Σ t/T_C, and of those that cannot wait."""
    expected: NDArray[np.float64]
    """(M,) expectation of every number."""
    deviation: NDArray[np.float64]
    """(M,) standard deviation, by which differences are scaled."""
    epochs: int
    """Epochs that the expectation is a mean of: it is wrong by about deviation/√epochs."""

    @classmethod
    def of(cls, scenario: Scenario, episodes: int, seed: int) -> ArrivalSignals:
        """Those of a scenario, by drawing that many workloads of the stream DEMONSTRATION that nothing else draws.

        Raises ScenarioError where arrivals of one epoch tell of those of the next or channels and lengths are only
        believed, and ValueError for less than two episodes.
        """
        check_independent(scenario)
        if episodes < 2:
            raise ValueError(f"episodes = {episodes}: must be at least 2")
        epoch = scenario.epoch
        window_s = epoch.epoch_s if epoch.split == "flexible" else epoch.compute_window_s
        drawn = _drawn(scenario, min(AT_ONCE, episodes), seed, 0)
        alone_s = np.concatenate([waiting.alone_s[waiting.arrives] for waiting in drawn])
        nothing = np.zeros(0)
        signals = cls(window_s, epoch.epoch_s, float(alone_s.mean()), (0.0, 0.0), nothing, nothing, 0)
        loads = np.concatenate([signals.numbers(waiting)[:, :2] for waiting in drawn]).mean(axis=0)
        signals = signals._replace(means=(float(loads[0]), float(loads[1])))
        found = [np.concatenate([signals.numbers(waiting) for waiting in drawn])]
        for first in range(AT_ONCE, episodes, AT_ONCE):
            drawn = _drawn(scenario, min(AT_ONCE, episodes - first), seed, first)
            found.append(np.concatenate([signals.numbers(waiting) for waiting in drawn]))
        numbers = np.concatenate(found)
        deviation = np.maximum(numbers.std(axis=0), 1e-9)
        return signals._replace(expected=numbers.mean(axis=0), deviation=deviation, epochs=len(numbers))

    def margins(self, waiting: Waiting) -> NDArray[np.float64]:
        """(w,) how late a request can begin in the next epoch, in epochs: below 0 it cannot wait for it."""
        return (waiting.slack_s - self.epoch_s - waiting.alone_s) / self.epoch_s

    def numbers(self, waiting: Waiting) -> NDArray[np.float64]:
        """(epochs, M): of each epoch's arrivals load, load that cannot wait, requests, requests that cannot wait, small
        ones of those, and what loads have above LOADS and URGENT_LOADS. They depend on these arrivals alone.
        """
        arrives = waiting.arrives
        epoch, load = waiting.epoch[arrives], waiting.alone_s[arrives] / self.window_s
        urgent = np.clip(1.0 - self.margins(waiting)[arrives], 0.0, 1.0)
        small = urgent * (waiting.alone_s[arrives] <= self.mean_alone_s)
        weights = (load, urgent * load, np.ones(len(load)), urgent, small)
        sums = [np.bincount(epoch, weight, minlength=waiting.epochs) for weight in weights]
        excess = [np.maximum(sums[0] - at * self.means[0], 0.0) for at in LOADS]
        excess += [np.maximum(sums[1] - at * self.means[1], 0.0) for at in URGENT_LOADS]
        return np.stack([*sums, *excess], axis=1)

    @property
    def size(self) -> int:
        """A weight for each factor and each number."""
        return FACTORS * (5 + len(LOADS) + len(URGENT_LOADS))

    def products(self, workload: Workload, waiting: Waiting) -> NDArray[np.float64]:
        """(w, size): the difference that each weight stands for, 0 where a request arrives."""
        surprise = self.surprise(waiting)
        before = np.vstack([np.zeros((1, surprise.shape[1])), surprise[:-1]])[waiting.epoch]
        margin = self.margins(waiting)
        size = waiting.alone_s / self.mean_alone_s
        next_epoch, second = np.clip(margin, 0.0, 1.0), np.clip(margin - 1.0, 0.0, 1.0)
        factors = (
            np.ones(len(margin)),
            next_epoch,
            second,
            size,
            size * next_epoch,
            size * size,
            before[:, 0],
            next_epoch * before[:, 0],
            size * before[:, 0],
            before[:, 1],
        )
        return multiplied(factors, surprise[waiting.epoch], waiting.arrives)

    def surprise(self, waiting: Waiting) -> NDArray[np.float64]:
        """(epochs, M): the numbers of each epoch less what was expected, in standard deviations."""
        return (self.numbers(waiting) - self.expected) / self.deviation


def _drawn(scenario: Scenario, episodes: int, seed: int, first: int) -> list[Waiting]:
    """Who waits on so many of the workloads that expectations are taken of."""
    workloads = draw_workloads(scenario, episodes, seed + EXPECTATION_SEED, Stream.DEMONSTRATION, first=first)
    return [Waiting.of_workload(scenario, workload) for workload in workloads]
