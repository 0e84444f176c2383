"""`TaskSimulation`: rows of a scenario whose requests are the calls of agent tasks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import COUNTERS
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.tasks.running.calls import rule_of_row
from edge_llm_env.tasks.running.params import TaskParams, task_params, tasks_of
from edge_llm_env.tasks.running.state import OF_CALLS, TASK_COUNTERS, TaskState, with_tasks
from edge_llm_env.workload.generator import Drawn
from edge_llm_env.workload.workload import Workload

_GIVEN = ("task_kind", "predecessors", "tool_s", "context_tokens", "kept_tokens")
"""Arrays of a workload that rows hold as they are; `signals` too, where there are some."""


class TaskSimulation(Simulation):
    """State of `rows` environments of one scenario with tasks."""

    counter_names = (*COUNTERS, *TASK_COUNTERS)
    params: TaskParams
    state: TaskState

    def __init__(self, scenario: Scenario, rows: int) -> None:
        super().__init__(scenario, rows)
        tasks = tasks_of(scenario)
        self.params = task_params(scenario)
        self.state = with_tasks(self.state, tasks.most_predecessors, tasks.signal_size)

    def rule(self, row: int) -> Rule:
        """The rule of feasibility of a row's next batch."""
        return direct(rule_of_row)(self.params, self.state, row)

    @property
    def per_request(self) -> tuple[str, ...]:
        """Arrays of the state that have an entry per request of a row."""
        return (*super().per_request, *OF_CALLS)

    def load_rows(self, rows: NDArray[np.intp], drawn: Drawn) -> None:
        """Put a workload on each of those rows, as `load` does. Raises ValueError for one without tasks."""
        workload = drawn.joined
        self._check(workload)
        super().load_rows(rows, drawn)
        first = 0
        for row, count in zip(rows.tolist(), drawn.requests, strict=True):
            mine = slice(first, first + count)
            self._put(row, count, {name: getattr(workload, name)[mine] for name in _GIVEN}, workload, mine)
            first += count

    def copy_workload(self, row: int, source: Simulation, source_row: int) -> None:
        """Put the workload that a row of another simulation of tasks holds on a row of this one."""
        super().copy_workload(row, source, source_row)
        count = int(source.state.requests[source_row])
        for name in OF_CALLS:
            getattr(self.state, name)[row, :count] = getattr(source.state, name)[source_row, :count]

    def _put(self, row: int, count: int, given: dict[str, NDArray], workload: Workload, mine: slice) -> None:
        """Put what a workload has of calls on a row."""
        state: Any = self.state
        task = workload.task[mine] if workload.task is not None else np.zeros(0, dtype=np.int64)
        first = np.searchsorted(task, task)
        calls, most = np.searchsorted(task, task, side="right") - first, tasks_of(self.scenario).most_calls
        if calls.max(initial=0) > most:
            raise ValueError(f"workload task: has {calls.max()} calls of a task, must have at most {most}")
        state.task_first[row, :count] = first
        state.task_calls[row, :count] = calls
        for name, array in given.items():
            if name == "predecessors":
                state.predecessors[row, :count] = 0
                state.predecessors[row, :count, : array.shape[1]] = array
            else:
                getattr(state, name)[row, :count] = array
        if workload.signals is not None:
            state.signals[row, :count] = workload.signals[mine]

    def _check(self, workload: Workload) -> None:
        """Raise ValueError for a workload that is none of this scenario's."""
        if workload.task is None or workload.predecessors is None or workload.task_kind is None:
            raise ValueError("workload task: must be given, the scenario's requests are calls of tasks")
        tasks, most = tasks_of(self.scenario), self.state.predecessors.shape[2]
        if workload.predecessors.shape[1] > most:
            raise ValueError(f"workload predecessors has shape {workload.predecessors.shape}: must have at most {most}")
        if workload.requests and workload.task_kind.max() >= len(tasks.kinds):
            raise ValueError(
                f"workload task_kind = {workload.task_kind.max()}: must be less than the scenario's {len(tasks.kinds)}"
            )
        shown = 0 if workload.signals is None else workload.signals.shape[1]
        if shown != tasks.signal_size:
            raise ValueError(f"workload signals has {shown} numbers: must have {tasks.signal_size}")
