"""A whole episode, seen in hindsight: which requests could be served in which epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.problem import BatchProblem
from edge_llm_env.dynamics.epoch import begin_episode, dispatch
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import rule_of
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.tape import Workload

NEVER = -1
"""The epoch of a request that a schedule does not serve."""


class EpochChoice(NamedTuple):
    """One epoch of an episode if nobody had been served before it."""

    requests: NDArray[np.int64]
    """(k,) indices on the tape of the requests that are pending."""
    problem: BatchProblem
    """Their epoch problem, in the same order, with this epoch's slacks and channels."""


@dataclass(frozen=True, eq=False)
class EpisodeProblem:
    """Serve as many requests of a tape as possible, each at most once, by a feasible batch in every epoch.

    A schedule is an int array of shape (requests,): the epoch that serves each request, from 0, or NEVER. Every policy's
    play is a schedule, so the best schedule is an upper bound on all policies, whatever slots they see.
    """

    epochs: tuple[EpochChoice, ...]
    requests: int
    """N, requests on the tape."""

    @classmethod
    def of_workload(cls, scenario: Scenario, workload: Workload) -> EpisodeProblem:
        """The episode of a scenario on a tape.

        The environment's own dynamics tell who is pending when, in a run that serves nobody. Raises ValueError when more
        requests are pending at once than a scenario can have slots.
        """
        unlimited = load_scenario(scenario, **{"epoch.visible_slots": min(4096, max(1, workload.requests))})
        simulation = Simulation(unlimited, rows=1)
        constants, rule = simulation.constants, rule_of(simulation.constants)
        simulation.load(0, workload)
        begin_episode(rule, constants, simulation.rows, 0)
        epochs = []
        for _ in range(scenario.epoch.episode_epochs):
            beyond = simulation.counters(0)["beyond_visible"]
            if beyond:
                raise ValueError(f"workload: {beyond} requests more than {unlimited.epoch.visible_slots} pend at once")
            pending = simulation.rows.slot_request[0, : simulation.rows.visible[0]].copy()
            epochs.append(EpochChoice(pending, BatchProblem.of_row(simulation)))
            dispatch(rule, constants, simulation.rows, 0)
        return cls(tuple(epochs), workload.requests)

    def is_feasible(self, schedule: NDArray[np.int64]) -> bool:
        """Whether a schedule serves only pending requests, in feasible batches."""
        served = 0
        for epoch, choice in enumerate(self.epochs):
            selected = schedule[choice.requests] == epoch
            served += int(selected.sum())
            if not choice.problem.is_feasible(selected):
                return False
        return served == int((schedule != NEVER).sum())

    def value(self, schedule: NDArray[np.int64]) -> int:
        """Requests that a schedule serves."""
        return int((schedule != NEVER).sum())

    def chances(self) -> NDArray[np.int64]:
        """(requests,) in how many epochs each request could be served alone, channel included."""
        count = np.zeros(self.requests, dtype=np.int64)
        for choice in self.epochs:
            for at, request in enumerate(choice.requests):
                alone = np.zeros(len(choice.problem), dtype=np.bool_)
                alone[at] = True
                count[request] += choice.problem.is_feasible(alone)
        return count
