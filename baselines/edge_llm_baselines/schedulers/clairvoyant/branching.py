"""A row's episode as it stands, tried from there in another row that holds the same workload."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.orders.cheapest import choose_priced
from edge_llm_env.engine.actions import act
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import N_SERVED, EngineState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def copy_row(state: EngineState, source: int, to: int) -> None:
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


@compiled
def play_until(
    params: EngineParams,
    state: EngineState,
    row: int,
    numbers: NDArray[np.float64],
    prices: NDArray[np.float64],
    until_s: float,
) -> int:
    """Requests that have been served by then, if the rule goes on with these numbers and prices."""
    while state.now_s[row] < until_s:
        act(params, state, row, choose_priced(params, state, row, numbers, prices))
    return state.counters[row, N_SERVED]
