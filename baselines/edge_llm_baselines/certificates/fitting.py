"""Weights of a penalty, found where the bound itself is least: pathwise optimisation.

The bound is convex in the prices of each workload and in the weights together (a largest value of functions that are
linear in both), so a subgradient method descends in all of them at once (Desai, Farias and Moallemi 2012, "Pathwise
optimization for optimal stopping problems"). Any weights give a bound: what is fitted is how tight it is, on workloads
of the tuning stream, never on those that it is reported of.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.clairvoyant.dual import FIRST_PRICE, MOMENTUM, relaxed_value, slope_of
from edge_llm_baselines.certificates.clairvoyant.uploads import most_worth
from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_baselines.certificates.penalties.penalty import Source, WeightedPenalty, products_of
from edge_llm_baselines.certificates.played import played_schedules, played_uploads
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.uploads.episode import UploadEpisode
from edge_llm_baselines.uploads.programme import programme_of
from edge_llm_env.envs.suite import BANDWIDTH, BATCH_SELECTION
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload

MOST_NODES = 300
"""Nodes of one epoch's search here, where nothing is proven."""

PRICE_STEP, FALL = 0.1, 9.0
"""Length of the first step in prices; the last, of prices and of weights, is shorter by 1 + FALL."""

WEIGHT_STEP, FIRST_MOMENT, SECOND_MOMENT = 0.02, 0.9, 0.99
"""Of the weights: the first step and what Adam keeps of its moments (Kingma and Ba 2015)."""

AVERAGED = 0.3
"""Last part of the steps whose weights are averaged."""


class _Path:
    """One workload: the bound, less what a policy keeps, as a function of its prices and the weights."""

    def __init__(
        self, scenario: Scenario, workload: Workload, plan: NDArray[np.int64], sources: Sequence[Source]
    ) -> None:
        self.episode = EpisodeProblem.of_workload(scenario, workload)
        waiting = Waiting.of_workload(scenario, workload)
        differences = products_of(sources, workload, waiting)
        self.per_offer = waiting.still_to_come(differences)[waiting.at_offers(self.episode)]
        offers = self.episode.offers
        self.of_policy = self.per_offer[plan[offers.request] == offers.epoch].sum(axis=0)
        self.contested = self.episode.chances() > 1
        self.price = np.where(self.contested, FIRST_PRICE, 0.0)
        self._direction = np.zeros(self.episode.requests)

    def step(self, weights: NDArray[np.float64], length: float) -> NDArray[np.float64]:
        """The difference's slope in the weights; prices take a step of that length."""
        values = 1.0 + self.per_offer @ weights
        chosen = np.zeros(len(values), dtype=np.bool_)
        offers = self.episode.offers
        relaxed_value(self.episode.rule, offers, values, self.price, MOST_NODES, chosen)
        slope = slope_of(offers, chosen, self.contested)
        self._direction = MOMENTUM * self._direction + (1.0 - MOMENTUM) * slope
        self.price = np.maximum(self.price - length * self._direction, 0.0)
        return self.per_offer[chosen].sum(axis=0) - self.of_policy


class _UploadPath:
    """The same where uploads carry over: a programme that is solved at each step, without prices."""

    def __init__(
        self, scenario: Scenario, workload: Workload, plan: NDArray[np.float64], sources: Sequence[Source]
    ) -> None:
        self.programme = programme_of(UploadEpisode.of_workload(scenario, workload))
        waiting = Waiting.of_workload(scenario, workload)
        self.per_part = waiting.still_to_come(products_of(sources, workload, waiting))
        self.of_policy = plan[: len(self.per_part)]

    def step(self, weights: NDArray[np.float64], length: float) -> NDArray[np.float64]:
        """The difference's slope in the weights; there are no prices to take a step of that length."""
        del length
        sending = self.per_part @ weights
        _, found = most_worth(self.programme, np.concatenate([sending, np.ones(len(sending))]))
        return (found[: len(sending)] - self.of_policy) @ self.per_part


def fit_penalty(
    scenario: Scenario,
    sources: Sequence[Source],
    make_policy: MakePolicy,
    *,
    episodes: int = 48,
    steps: int = 240,
    seed: int = 0,
) -> WeightedPenalty:
    """A penalty for a scenario, its weights from that many tuning workloads and steps; equal seeds, equal weights.

    `make_policy`, of `BatchSelection-v0`, or `Bandwidth-v0` where uploads carry over, makes the policy that the bound
    is held against: one that serves nearly as many as any, as the tuned look-ahead rule does. Raises ValueError for
    less than one workload or step.
    """
    if steps < 1:
        raise ValueError(f"steps = {steps}: must be at least 1")
    workloads = draw_workloads(scenario, episodes, seed, Stream.TUNING)
    paths = _paths(scenario, workloads, make_policy, sources)
    weights, mean, square = np.zeros((3, sum(source.size for source in sources)))
    late: list[NDArray[np.float64]] = []
    for done in range(steps):
        shorter = 1.0 / (1.0 + FALL * done / steps)
        slope = np.mean([path.step(weights, PRICE_STEP * shorter) for path in paths], axis=0)
        mean = FIRST_MOMENT * mean + (1.0 - FIRST_MOMENT) * slope
        square = SECOND_MOMENT * square + (1.0 - SECOND_MOMENT) * slope * slope
        first, second = mean / (1.0 - FIRST_MOMENT ** (done + 1)), square / (1.0 - SECOND_MOMENT ** (done + 1))
        weights = weights - WEIGHT_STEP * shorter * first / (np.sqrt(second) + 1e-8)
        if done >= (1.0 - AVERAGED) * steps:
            late.append(weights)
    averaged = np.mean(late, axis=0) if late else weights
    return WeightedPenalty(sources, averaged)


def _paths(
    scenario: Scenario, workloads: Sequence[Workload], make_policy: MakePolicy, sources: Sequence[Source]
) -> Sequence[_Path] | Sequence[_UploadPath]:
    """Those of each workload, with what the policy does on it."""
    if scenario.radio.transfers == "carried_over":
        uploads = zip(workloads, played_uploads(make_policy, BANDWIDTH, scenario, workloads), strict=True)
        return [_UploadPath(scenario, one, plan, sources) for one, plan in uploads]
    schedules = zip(workloads, played_schedules(make_policy, BATCH_SELECTION, scenario, workloads), strict=True)
    return [_Path(scenario, one, plan, sources) for one, plan in schedules]
