"""Orders of the calls of agent tasks, a number for each visible call: the least first.

But for `remaining_tokens`, which knows the graph of each task, they use what an observation tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.tasks.remaining import remaining_of
from edge_llm_env.dynamics.state import PENDING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.task_dynamics.simulation import TaskSimulation
from edge_llm_env.task_dynamics.state import WAITING, TaskState

Order: TypeAlias = Callable[[TaskSimulation, int], NDArray[np.float64]]
"""`(simulation, row)`: a number for each visible call, of shape (visible,)."""


def has_tasks(scenario: Scenario) -> bool:
    """Whether requests are the calls of agent tasks."""
    return scenario.workload.tasks is not None


def expected_calls_left(simulation: TaskSimulation, row: int) -> NDArray[np.float64]:
    """Calls left on average of tasks of the kind of which as many are done."""
    state, calls, first = _visible(simulation, row)
    done = state.calls_served[row, first]
    return simulation.params.expected_calls_left[state.task_kind[row, calls], done]


def expected_slack_per_call(simulation: TaskSimulation, row: int) -> NDArray[np.float64]:
    """Slack of the task for each call that is left on average (s)."""
    slack_s = simulation.state.slot_slack_s[row, : simulation.state.visible[row]]
    return slack_s / np.maximum(expected_calls_left(simulation, row), 1.0)


def expected_work(scenario: Scenario, seed: int) -> Order:
    """The order by work that is left on average of tasks of the kind of which as many calls are done (s)."""
    work_s = remaining_of(scenario, seed).mean_work_s()

    def order(simulation: TaskSimulation, row: int) -> NDArray[np.float64]:
        state, calls, first = _visible(simulation, row)
        return work_s[state.task_kind[row, calls], state.calls_served[row, first]]

    return order


def remaining_tokens(simulation: TaskSimulation, row: int) -> NDArray[np.float64]:
    """New tokens of prompts and answers that are left of the task: informed."""
    state, _, first = _visible(simulation, row)
    left = np.zeros(len(first))
    for at, begins in enumerate(first.tolist()):
        of_task = slice(begins, begins + int(state.task_calls[row, begins]))
        tokens = state.prompt_tokens[row, of_task].astype(np.int64) + state.output_tokens[row, of_task]
        open_ = (state.status[row, of_task] == PENDING) | (state.status[row, of_task] == WAITING)
        left[at] = tokens[open_].sum()
    return left


def _visible(simulation: TaskSimulation, row: int) -> tuple[TaskState, NDArray[np.int64], NDArray[np.int32]]:
    """The state, the visible calls, and the first calls of their tasks."""
    state = simulation.state
    calls = state.slot_request[row, : state.visible[row]]
    return state, calls, state.task_first[row, calls]
