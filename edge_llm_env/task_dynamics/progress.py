"""What becomes of tasks as their calls are answered: the same whether epochs or an engine's iterations serve them."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.payment import Paid, Paying, pay
from edge_llm_env.scenarios.sections.reward_settings import R_COMPLETED, R_FAILED
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.params import DROP, KEEP, TELLS_NOTHING, TELLS_TRUTH
from edge_llm_env.task_dynamics.state import (
    N_CALLS_WASTED,
    N_COMPLETED,
    N_FAILED,
    N_RUNNING,
    N_TASKS_ARRIVED,
    N_TOKENS,
    N_TOKENS_WASTED,
)


class ToldOfTasks(Protocol):
    """What of a scenario's constants says what is told of tasks."""

    @property
    def calls_left(self) -> int:
        """TELLS_NOTHING, TELLS_MEAN or TELLS_TRUTH."""
        ...

    @property
    def expected_calls_left(self) -> NDArray[np.float64]:
        """(kinds, most calls + 1)"""
        ...


class TaskRows(Paid, Protocol):
    """What of the state of rows with tasks is needed: arrays as `TaskState` has them."""

    @property
    def status(self) -> NDArray[np.int8]:
        """(R, N)"""
        ...

    @property
    def counters(self) -> NDArray[np.int64]:
        """(R, counters) those of TASK_COUNTERS last."""
        ...

    @property
    def task_first(self) -> NDArray[np.int32]:
        """(R, N)"""
        ...

    @property
    def task_calls(self) -> NDArray[np.int32]:
        """(R, N)"""
        ...

    @property
    def task_kind(self) -> NDArray[np.int8]:
        """(R, N)"""
        ...

    @property
    def predecessors(self) -> NDArray[np.int32]:
        """(R, N, P)"""
        ...

    @property
    def ready_s(self) -> NDArray[np.float64]:
        """(R, N)"""
        ...

    @property
    def calls_served(self) -> NDArray[np.int32]:
        """(R, N)"""
        ...

    @property
    def computed_tokens(self) -> NDArray[np.int64]:
        """(R, N)"""
        ...


@compiled
def opens_task(state: TaskRows, row: int, call: int) -> bool:
    """Whether a call waits for no other."""
    opens = True
    for column in range(state.predecessors.shape[2]):
        opens &= state.predecessors[row, call, column] == 0
    return opens


@compiled
def count_task(state: TaskRows, row: int) -> None:
    """Count a task that has arrived, and is accepted."""
    state.counters[row, N_TASKS_ARRIVED] += 1
    state.counters[row, N_RUNNING] += 1


@compiled
def may_begin(state: TaskRows, row: int, call: int, answered: int) -> bool:
    """Whether all that a call waits for has the status of those that are answered."""
    for column in range(state.predecessors.shape[2]):
        back = state.predecessors[row, call, column]
        if back > 0 and state.status[row, call - back] != answered:
            return False
    return True


@compiled
def becomes_ready(state: TaskRows, row: int, call: int, answered: int) -> bool:
    """Whether the last that a call waited for has just been answered."""
    return math.isinf(state.ready_s[row, call]) and may_begin(state, row, call, answered)


@compiled
def count_computed(state: TaskRows, row: int, first: int, tokens: int) -> None:
    """Count tokens that were computed for a task."""
    state.computed_tokens[row, first] += tokens
    state.counters[row, N_TOKENS] += tokens


@compiled
def count_answer(params: Paying, state: TaskRows, row: int, call: int) -> bool:
    """Count a call that is answered in time; whether its task is completed, which is then paid for."""
    first = state.task_first[row, call]
    state.calls_served[row, first] += 1
    if state.calls_served[row, first] < state.task_calls[row, first]:
        return False
    state.counters[row, N_COMPLETED] += 1
    state.counters[row, N_RUNNING] -= 1
    pay(params, state, row, R_COMPLETED, 1.0)
    return True


@compiled
def count_failure(params: Paying, state: TaskRows, row: int, first: int) -> None:
    """Count a task that has failed: what was served of it is wasted, and costs if that is anything."""
    state.counters[row, N_FAILED] += 1
    state.counters[row, N_RUNNING] -= 1
    state.counters[row, N_TOKENS_WASTED] += state.computed_tokens[row, first]
    if state.calls_served[row, first] > 0:
        state.counters[row, N_CALLS_WASTED] += state.calls_served[row, first]
        pay(params, state, row, R_FAILED, 1.0)


@compiled
def is_kept(kv_cache: int, grown: float, limit: float) -> bool:
    """Whether the scenario's rule keeps a cache on the node with which all that is kept there grows to so much."""
    return kv_cache == KEEP or (kv_cache != DROP and grown <= limit)


@compiled
def told_calls_left(told: ToldOfTasks, state: TaskRows, row: int, call: int) -> float:
    """Calls of a task that are left, this one included, as far as that is told: its own, or on average; else 0."""
    done = state.calls_served[row, state.task_first[row, call]]
    if told.calls_left == TELLS_TRUTH:
        return float(state.task_calls[row, call] - done)
    return told.expected_calls_left[state.task_kind[row, call], done] if told.calls_left != TELLS_NOTHING else 0.0
