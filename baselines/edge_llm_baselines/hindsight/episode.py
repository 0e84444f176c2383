"""A whole episode, seen in hindsight: which requests could be served in which epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.dynamics.epoch import begin_episode, dispatch
from edge_llm_env.dynamics.params import NodeParams, node_params, rule_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.solver.candidates import Candidates, batch_is_feasible
from edge_llm_env.solver.subproblems import alone_feasible
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.workload.workload import Workload

NEVER = -1
"""The epoch of a request that a schedule does not serve."""

MOST_SLOTS = 4096
"""Most requests that a scenario can show at once."""


class Offers(NamedTuple):
    """Every chance to serve a request: k of them, epoch after epoch, in order of arrival within each."""

    request: NDArray[np.int64]
    """(k,) index on the workload."""
    epoch: NDArray[np.int64]
    """(k,) ascending, from 0."""
    first: NDArray[np.int64]
    """(epochs + 1,) where the offers of each epoch begin, and k."""
    candidates: Candidates
    """(k,) the request as it is in that epoch, with that epoch's slack and channel; alone it could be served."""


class Schedulable(Protocol):
    """Batches, of an epoch each, that requests could be served by: what schedules are made of."""

    @property
    def offers(self) -> Offers:
        """Every chance to serve a request."""
        ...

    @property
    def requests(self) -> int:
        """N, requests on the workload."""
        ...

    @property
    def epochs(self) -> int:
        """Batches."""
        ...

    def problem(self, epoch: int) -> BatchProblem:
        """That of a batch if nobody had been served by others."""
        ...

    def chances(self) -> NDArray[np.int64]:
        """(requests,) by how many batches each request could be served."""
        ...

    def value(self, schedule: NDArray[np.int64]) -> int:
        """Requests that a schedule serves."""
        ...


@dataclass(frozen=True, eq=False)
class EpisodeProblem:
    """Serve as many requests of a workload as possible, each at most once, by a feasible batch in every epoch.

    A schedule is an int array of shape (requests,): the epoch that serves each request, from 0, or NEVER. What any
    policy plays is a schedule, so the best schedule is an upper bound on all policies, whatever slots they see.
    """

    rule: Rule
    offers: Offers
    requests: int
    """N, requests on the workload."""

    @classmethod
    def of_workload(cls, scenario: Scenario, workload: Workload, node: NodeParams | None = None) -> EpisodeProblem:
        """The episode of a scenario on a workload, of its node or, with its slots and channels, another one.

        The environment's own dynamics tell who is pending when, in a run that serves nobody. Channels and lengths are
        as they are, whatever the node believes of them: nobody is served with less than that takes.

        Raises ValueError when more requests are pending at once than a scenario can have slots.
        """
        slots = min(MOST_SLOTS, max(1, workload.requests))
        simulation = Simulation(load_scenario(scenario, **{"epoch.visible_slots": slots, "beliefs": {}}), rows=1)
        # Of a mixture of experts, costs depend on the largest batch, and so on the scenario's own slots.
        params = simulation.params if node is None else node
        rule = rule_of(node_params(scenario) if node is None else node)
        simulation.load(0, workload)
        begin_episode(rule, params, simulation.state, 0)
        requests, candidates = [], []
        for _ in range(scenario.epoch.episode_epochs):
            beyond = simulation.counters(0)["beyond_visible"]
            if beyond:
                raise ValueError(f"workload: {slots + beyond} requests pend at once, must be at most {slots}")
            pending = BatchProblem.of_row(simulation).candidates
            alone = alone_feasible(rule, pending)
            requests.append(simulation.state.slot_request[0, alone])
            candidates.append([values[alone] for values in pending])
            dispatch(rule, params, simulation.state, 0)
        sizes = [len(pending) for pending in requests]
        offers = Offers(
            np.concatenate(requests),
            np.repeat(np.arange(len(sizes)), sizes),
            np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]),
            Candidates(*(np.concatenate(values) for values in zip(*candidates, strict=True))),
        )
        return cls(rule, offers, workload.requests)

    @property
    def epochs(self) -> int:
        """Epochs of the episode."""
        return len(self.offers.first) - 1

    def problem(self, epoch: int) -> BatchProblem:
        """The epoch problem if nobody had been served before: the epoch's offers, each of value 1."""
        first, last = self.offers.first[epoch : epoch + 2]
        return BatchProblem(self.rule, candidates_between(self.offers.candidates, first, last), np.ones(last - first))

    def chances(self) -> NDArray[np.int64]:
        """(requests,) in how many epochs each request could be served."""
        return np.bincount(self.offers.request, minlength=self.requests)

    def is_feasible(self, schedule: NDArray[np.int64]) -> bool:
        """Whether a schedule serves requests only when it can, in feasible batches."""
        selected = schedule[self.offers.request] == self.offers.epoch
        if selected.sum() != self.value(schedule):
            return False
        return all(
            batch_is_feasible(self.rule, candidates_between(self.offers.candidates, first, last), selected[first:last])
            for first, last in zip(self.offers.first[:-1], self.offers.first[1:], strict=True)
        )

    def value(self, schedule: NDArray[np.int64]) -> int:
        """Requests that a schedule serves."""
        return int((schedule != NEVER).sum())


@compiled_allocating
def candidates_between(candidates: Candidates, first: int, last: int) -> Candidates:
    """Views of the candidates from `first` on, before `last`."""
    # Allocating, though it makes no array: a view must count as a reference to the memory that it looks into.
    return Candidates(
        candidates.prompt_tokens[first:last],
        candidates.output_tokens[first:last],
        candidates.slack_s[first:last],
        candidates.uplink_share[first:last],
        candidates.downlink_share[first:last],
        candidates.compute_s[first:last],
        candidates.memory_bytes[first:last],
    )
