"""What an agent sees of tasks, beside what it sees of requests."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import load_batch, utilisation_of
from edge_llm_env.dynamics.state import PENDING
from edge_llm_env.envs.layout import Feature, once, per_slot
from edge_llm_env.envs.observation import (
    CONTEXT_FEATURES,
    OBSERVATION,
    SLOT_FEATURES,
    clipped,
    observe,
    observe_admission,
)
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.tasks.running.calls import MEMORY, rule_of_row
from edge_llm_env.tasks.running.params import TELLS_NOTHING, TaskParams
from edge_llm_env.tasks.running.progress import TaskRows, ToldOfTasks, told_calls_left
from edge_llm_env.tasks.running.state import N_RUNNING, TaskState
from edge_llm_env.tasks.signals import SIZE


def _tells_calls_left(scenario: Scenario) -> bool:
    tasks = scenario.workload.tasks
    return tasks is not None and tasks.calls_left != "unknown"


def _has_signals(scenario: Scenario) -> bool:
    return scenario.workload.tasks is not None and scenario.workload.tasks.signals is not None


TASK_FEATURES = (
    Feature("kind", "K", "number of the task's kind, from 1"),
    Feature("calls_done", "most calls", "calls of the task that are served"),
    Feature("cached", "longest prompt", "tokens of the call's context that the node has kept"),
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

TASKS_FEATURES = (
    Feature("kept_memory", "M", "memory of all caches that are kept, bytes"),
    Feature("running", "Q", "tasks that have arrived and neither are completed nor have failed"),
)

OBSERVATION_OF_CALLS = (*OBSERVATION, per_slot(*CALL_FEATURES), once(*TASKS_FEATURES))
"""The layout where a batch is chosen of calls."""

_CONTEXT, _SLOT = len(CONTEXT_FEATURES), len(SLOT_FEATURES)
_BATCH_MEMORY = next(at for at, one in enumerate(CONTEXT_FEATURES) if one.name == "batch_memory")


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


@compiled
def observe_calls(rule: Rule, params: TaskParams, state: TaskState, row: int, observation: NDArray[np.float32]) -> None:
    """Write a row's whole observation, of shape (length,)."""
    observe(rule, params, state, row, observation)
    observe_tasks(params, state, row, observation)


@compiled
def observe_tasks(params: TaskParams, state: TaskState, row: int, observation: NDArray[np.float32]) -> None:
    """Write what there is of tasks and of the memory, of the calls that are open."""
    observe_memory(params, state, row, observation)
    slots, size = state.slot_request.shape[1], features_of_slot(params, state)
    for slot in range(state.visible[row]):
        at = _CONTEXT + slots * _SLOT + slot * size
        call = state.slot_request[row, slot]
        if state.status[row, call] != PENDING:
            observation[at : at + size] = 0.0
            continue
        cached = state.slot_reused_tokens[row, slot] / params.longest_prompt_tokens
        observe_call(params, state, row, call, cached, observation, at)
    end = _CONTEXT + slots * (_SLOT + size)
    observation[end] = clipped(state.kept_bytes[row] / params.memory_limit_bytes)
    observation[end + 1] = clipped(state.counters[row, N_RUNNING] / slots)


@compiled
def observe_admitted_call(
    rule: Rule, params: TaskParams, state: TaskState, row: int, slot: int, observation: NDArray[np.float32]
) -> None:
    """Bring a row's observation up to date after one admission: calls beside it have one less to wait for."""
    observe_admission(rule, params, state, row, slot, observation)
    observe_tasks(params, state, row, observation)


@compiled
def observe_memory(params: TaskParams, state: TaskState, row: int, observation: NDArray[np.float32]) -> None:
    """Write what weights, caches that are kept and the batch take of the memory."""
    own = rule_of_row(params, state, row)
    batch_bytes = utilisation_of(own, load_batch(state, row))[MEMORY] * own.memory_limit_bytes
    observation[_BATCH_MEMORY] = clipped((batch_bytes + state.kept_bytes[row]) / params.memory_limit_bytes)
