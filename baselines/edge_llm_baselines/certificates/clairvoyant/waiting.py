"""Who could be waiting when: every request in every epoch that it would be pending in if nobody were served."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import MOST_SLOTS, Offers
from edge_llm_env.dynamics.epoch import begin_episode, dispatch
from edge_llm_env.dynamics.params import node_params, rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


class Chances(Protocol):
    """An episode, whatever serves its requests."""

    @property
    def offers(self) -> Offers:
        """Every chance to serve."""
        ...

    @property
    def requests(self) -> int:
        """On the workload."""
        ...


class Waiting(NamedTuple):
    """Requests by the epochs that they are pending in: w of them, epoch after epoch, in order of arrival within each.

    Unlike `edge_llm_baselines.hindsight.episode.Offers` it has those too whose channel carries nothing in that epoch:
    whether a request still waits is known an epoch before, and its channel is not.
    """

    request: NDArray[np.int64]
    """(w,) index on the workload."""
    epoch: NDArray[np.int64]
    """(w,) ascending, from 0."""
    arrives: NDArray[np.bool_]
    """(w,) whether it is the first epoch of the request."""
    slack_s: NDArray[np.float64]
    """(w,) most compute time of a batch that serves it in this epoch."""
    alone_s: NDArray[np.float64]
    """(w,) compute time of a batch of it alone, without transfers."""
    epochs: int
    """Of the episode."""

    @classmethod
    def of_workload(cls, scenario: Scenario, workload: Workload) -> Waiting:
        """Those of a scenario on a workload, as the environment's own dynamics tell in a run that serves nobody.

        Raises ValueError when more requests are pending at once than a scenario can have slots.
        """
        slots = min(MOST_SLOTS, max(1, workload.requests))
        simulation = Simulation(load_scenario(scenario, **{"epoch.visible_slots": slots}), rows=1)
        params, rule = simulation.params, rule_of(node_params(scenario))
        simulation.load(0, workload)
        state = simulation.state
        begin_episode(rule, params, state, 0)
        request, slack_s, alone_s = [], [], []
        for _ in range(scenario.epoch.episode_epochs):
            if beyond := simulation.counters(0)["beyond_visible"]:
                raise ValueError(f"workload: {slots + beyond} requests pend at once, must be at most {slots}")
            shown = int(state.visible[0])
            request.append(state.slot_request[0, :shown].copy())
            slack_s.append(state.slot_slack_s[0, :shown].copy())
            alone_s.append(state.slot_compute_s[0, :shown].copy())
            dispatch(rule, params, state, 0)
        sizes = [len(one) for one in request]
        every, slack, alone = np.concatenate(request), np.concatenate(slack_s), np.concatenate(alone_s)
        arrives = np.zeros(len(every), dtype=np.bool_)
        arrives[np.unique(every, return_index=True)[1]] = True  # a request's entries are in the order of epochs
        return cls(every, np.repeat(np.arange(len(sizes)), sizes), arrives, slack, alone, len(sizes))

    def age(self) -> NDArray[np.int64]:
        """(w,) epochs that the request has waited: 0 where it arrives."""
        first = np.zeros(int(self.request.max(initial=-1)) + 1, dtype=np.int64)
        first[self.request[self.arrives]] = self.epoch[self.arrives]
        return self.epoch - first[self.request]

    def at_offers(self, episode: Chances) -> NDArray[np.int64]:
        """(offers,) where each offer of the same workload's episode stands here."""
        keys = self.epoch * episode.requests + self.request
        return np.searchsorted(keys, episode.offers.epoch * episode.requests + episode.offers.request)

    def still_to_come(self, differences: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums over the later epochs of the same request, of an array (w, ...)."""
        order = np.lexsort((self.epoch, self.request))
        sums = np.cumsum(differences[order], axis=0)
        last = np.flatnonzero(np.diff(self.request[order], append=-1))
        of_request = last[np.searchsorted(last, np.arange(len(order)))]
        rest = np.empty_like(sums)
        rest[order] = sums[of_request] - sums
        return rest
