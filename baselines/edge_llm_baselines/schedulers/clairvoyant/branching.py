"""A row's episode as it stands, tried from there in another row that holds the same workload."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.orders import cheapest, fewest_calls
from edge_llm_env.engine.actions import act
from edge_llm_env.engine.params import EngineParams, EngineTasks
from edge_llm_env.engine.state import N_SERVED, RUNNING, EngineState
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.state import N_COMPLETED


@compiled
def copy_row(params: EngineParams, state: EngineState, source: int, to: int) -> None:
    """Bring a row to where another is that holds the same workload; energy, utilisation and rewards are left out."""
    for request in range(state.requests[source]):
        state.status[to, request] = state.status[source, request]
        state.target[to, request] = state.target[source, request]
        state.cached[to, request] = state.cached[source, request]
        state.generated[to, request] = state.generated[source, request]
        state.first_s[to, request] = state.first_s[source, request]
        state.last_s[to, request] = state.last_s[source, request]
        state.preempted_s[to, request] = state.preempted_s[source, request]
        state.in_host[to, request] = state.in_host[source, request]
    state.now_s[to] = state.now_s[source]
    state.next_arrival[to] = state.next_arrival[source]
    state.next_visible[to] = state.next_visible[source]
    state.next_beyond[to] = state.next_beyond[source]
    state.free_blocks[to] = state.free_blocks[source]
    state.in_slots[to] = state.in_slots[source]
    state.host_free[to] = state.host_free[source]
    state.transfer_s[to] = state.transfer_s[source]
    for slot in range(state.running.shape[1]):
        state.running[to, slot] = state.running[source, slot]
    for slot in range(state.waiting.shape[1]):
        state.waiting[to, slot] = state.waiting[source, slot]
    for counter in range(state.counters.shape[1]):
        state.counters[to, counter] = state.counters[source, counter]
    for action in range(state.action_mask.shape[1]):
        state.action_mask[to, action] = state.action_mask[source, action]
    copy_tasks(state, params.tasks, source, to)


@compiled
def copy_tasks(state: Any, tasks: EngineTasks | None, source: int, to: int) -> None:
    """The same of what is of tasks; nothing where requests are on their own."""
    if tasks is None:
        return
    for call in range(state.requests[source]):
        state.order[to, call] = state.order[source, call]
        state.visible_s[to, call] = state.visible_s[source, call]
        state.ready_s[to, call] = state.ready_s[source, call]
        state.calls_served[to, call] = state.calls_served[source, call]
        state.cached_tokens[to, call] = state.cached_tokens[source, call]
        state.computed_tokens[to, call] = state.computed_tokens[source, call]
        state.reused_tokens[to, call] = state.reused_tokens[source, call]
        state.task_over[to, call] = state.task_over[source, call]
        state.cache_in_host[to, call] = state.cache_in_host[source, call]
    state.known[to] = state.known[source]
    state.oldest[to] = state.oldest[source]
    state.kept_blocks[to] = state.kept_blocks[source]
    state.in_kept[to] = state.in_kept[source]
    for slot in range(state.kept.shape[1]):
        state.kept[to, slot] = state.kept[source, slot]


@compiled
def is_open(state: Any, tasks: EngineTasks | None, row: int, request: int, until_s: float) -> bool:
    """Whether a request that becomes visible by then is not decided yet; of a call, whether it is the first of a task
    that arrives by then and is not over.
    """
    if tasks is None:
        return state.status[row, request] <= RUNNING and state.visible_s[row, request] < until_s
    begins = state.task_first[row, request] == request
    return begins and not state.task_over[row, request] and state.arrival_s[row, request] < until_s


@compiled
def done(state: Any, tasks: EngineTasks | None, row: int) -> int:
    """Requests that have been served, or tasks completed."""
    if tasks is None:
        return state.counters[row, N_SERVED]
    return state.counters[row, N_COMPLETED]


@compiled
def choose(
    params: Any,
    state: Any,
    tasks: EngineTasks | None,
    row: int,
    numbers: NDArray[np.float64],
    prices: NDArray[np.float64],
) -> int:
    """The action of the rule that is searched: cheapest first, or fewest calls left."""
    if tasks is None:
        return cheapest.choose_priced(params, state, row, numbers, prices)
    return fewest_calls.choose_priced(params, state, row, numbers, prices)


@compiled
def play_until(
    params: EngineParams,
    state: EngineState,
    row: int,
    numbers: NDArray[np.float64],
    prices: NDArray[np.float64],
    until_s: float,
) -> int:
    """Requests served or tasks completed by then, if the rule goes on with these numbers and prices."""
    while state.now_s[row] < until_s:
        act(params, state, row, choose(params, state, params.tasks, row, numbers, prices))
    return done(state, params.tasks, row)
