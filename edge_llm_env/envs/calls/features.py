"""What an agent sees of one call, and of its task."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.observation.kernels import clipped
from edge_llm_env.envs.observation.layout import Feature
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.params import TELLS_NOTHING
from edge_llm_env.task_dynamics.progress import TaskRows, ToldOfTasks, told_calls_left
from edge_llm_env.tasks.signals import SIZE


def _tells_calls_left(scenario: Scenario) -> bool:
    tasks = scenario.workload.tasks
    return tasks is not None and tasks.calls_left != "unknown"


def _has_signals(scenario: Scenario) -> bool:
    return scenario.workload.tasks is not None and scenario.workload.tasks.signals is not None


TASK_FEATURES = (
    Feature("kind", "K", "number of the task's kind, from 1"),
    Feature("calls_done", "most calls", "calls of the task that are served"),
    Feature("cached", "longest prompt", "tokens of the call's context that are kept"),
    Feature(
        "calls_left",
        "most calls",
        "calls of the task that are left, this one included: its own, or on average of its kind after so many",
        where=_tells_calls_left,
    ),
)
"""Of a call's task, and what it gives the call."""

CALL_FEATURES = (
    *TASK_FEATURES,
    *(Feature(f"signal_{at}", "1", "what is seen with the call", where=_has_signals) for at in range(SIZE)),
)
"""Of each slot, behind those of requests. The slack of a call is that of its task."""


class RowsSeen(TaskRows, Protocol):
    """What of the state of rows with tasks is seen."""

    @property
    def signals(self) -> NDArray[np.float64]:
        """(R, N, D)"""
        ...


@compiled
def features_of_slot(told: ToldOfTasks, state: RowsSeen) -> int:
    """How many of CALL_FEATURES there are."""
    return 3 + (told.calls_left != TELLS_NOTHING) + state.signals.shape[2]


@compiled
def observe_call(
    told: ToldOfTasks,
    state: RowsSeen,
    row: int,
    call: int,
    cached: float,
    observation: NDArray[np.float32],
    at: int,
) -> None:
    """Write CALL_FEATURES of a call from an entry on; `cached` is that feature."""
    at = observe_task(told, state, row, call, cached, observation, at)
    for number in range(state.signals.shape[2]):
        observation[at + number] = state.signals[row, call, number]


@compiled
def observe_task(
    told: ToldOfTasks,
    state: RowsSeen,
    row: int,
    call: int,
    cached: float,
    observation: NDArray[np.float32],
    at: int,
) -> int:
    """Write those of CALL_FEATURES that are of a call's task; the entry behind them."""
    kinds, most = told.expected_calls_left.shape[0], told.expected_calls_left.shape[1] - 1
    observation[at] = (state.task_kind[row, call] + 1) / kinds
    observation[at + 1] = state.calls_served[row, state.task_first[row, call]] / most
    observation[at + 2] = clipped(cached)
    if told.calls_left == TELLS_NOTHING:
        return at + 3
    observation[at + 3] = clipped(told_calls_left(told, state, row, call) / most)
    return at + 4
