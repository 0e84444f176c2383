"""What DFTSP on calls would have served where requests are the calls of agent tasks."""

from __future__ import annotations

import numpy as np

from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.dynamics.slots import candidates_of_row
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.selections.names import EXACT
from edge_llm_env.selections.selection import select_batch
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating
from edge_llm_env.task_dynamics.calls import admit_call, rule_of_row
from edge_llm_env.task_dynamics.epoch import begin_episode, dispatch_calls
from edge_llm_env.task_dynamics.params import TaskParams
from edge_llm_env.task_dynamics.simulation import TaskSimulation
from edge_llm_env.task_dynamics.state import TaskState
from edge_llm_env.workload.workload import Workload


class LargestBatchesOfCalls:
    """A largest feasible batch of calls in every epoch of a workload, as `LargestBatches` has them of requests."""

    name = "exact (as DFTSP)"

    def __init__(self, scenario: Scenario, workload: Workload) -> None:
        self._simulation = TaskSimulation(scenario, rows=1)
        self._simulation.load(0, workload)
        begin(self._simulation.params, self._simulation.state)
        self._served: list[int] = []

    def served(self, epochs: int) -> tuple[int, ...]:
        """Calls served up to the end of each of that many epochs."""
        while len(self._served) < epochs:
            play_largest(self._simulation.params, self._simulation.state)
            self._served.append(self._simulation.counters(0)["served"])
        return tuple(self._served[:epochs])


@compiled
def begin(params: TaskParams, state: TaskState) -> None:
    """Begin the only row's episode."""
    begin_episode(rule_of(params), params, state, 0)


@compiled_allocating
def play_largest(params: TaskParams, state: TaskState) -> None:
    """Serve a largest batch of the only row's epoch, and end the epoch."""
    own = rule_of_row(params, state, 0)
    candidates = candidates_of_row(state, 0)
    selected = select_batch(own, candidates, np.ones(len(candidates.slack_s)), EXACT)
    for slot in range(len(selected)):
        if selected[slot]:
            admit_call(own, params, state, 0, slot)
    dispatch_calls(rule_of(params), params, state, 0)
