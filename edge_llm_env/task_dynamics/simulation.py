"""`TaskSimulation`: rows of a scenario whose requests are the calls of agent tasks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import COUNTERS
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.task_dynamics.calls import rule_of_row
from edge_llm_env.task_dynamics.loading import check_calls, put_calls
from edge_llm_env.task_dynamics.params import TaskParams, task_params, tasks_of
from edge_llm_env.task_dynamics.state import OF_CALLS, TASK_COUNTERS, TaskState, with_tasks
from edge_llm_env.workload.generator import Drawn


class TaskSimulation(Simulation):
    """State of `rows` environments of one scenario with tasks, in which an action frees up to `kept_slots` caches."""

    counter_names = (*COUNTERS, *TASK_COUNTERS)
    params: TaskParams
    state: TaskState

    def __init__(self, scenario: Scenario, rows: int, kept_slots: int = 0) -> None:
        super().__init__(scenario, rows)
        tasks = tasks_of(scenario)
        self.params = task_params(scenario)
        self.kept_slots = kept_slots
        self.state = with_tasks(self.state, tasks.most_predecessors, tasks.signal_size, kept_slots)

    def rule(self, row: int) -> Rule:
        """The rule of feasibility of a row's next batch."""
        return direct(rule_of_row)(self.params, self.state, row)

    @property
    def per_request(self) -> tuple[str, ...]:
        """Arrays of the state that have an entry per request of a row."""
        return (*super().per_request, *OF_CALLS)

    def load_rows(self, rows: NDArray[np.intp], drawn: Drawn) -> None:
        """Put a workload on each of those rows, as `load` does. Raises ValueError for one without tasks."""
        tasks = tasks_of(self.scenario)
        check_calls(drawn.joined, tasks)
        super().load_rows(rows, drawn)
        put_calls(self.state, rows.tolist(), drawn, tasks)

    def copy_workload(self, row: int, source: Simulation, source_row: int) -> None:
        """Put the workload that a row of another simulation of tasks holds on a row of this one."""
        super().copy_workload(row, source, source_row)
        count = int(source.state.requests[source_row])
        for name in OF_CALLS:
            getattr(self.state, name)[row, :count] = getattr(source.state, name)[source_row, :count]
