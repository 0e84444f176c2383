"""Who waits: requests become visible, are admitted, preempted and dropped."""

from __future__ import annotations

import math
from typing import Any

from edge_llm_env.dynamics.payment import pay
from edge_llm_env.engine.blocks import blocks_of, count_reused, fetch_cache, held_blocks, offer_cache, take_own_cache
from edge_llm_env.engine.params import EngineParams, EngineTasks
from edge_llm_env.engine.state import (
    DROPPED,
    N_ADMITTED,
    N_ARRIVED,
    N_BEYOND,
    N_DROPPED,
    N_EXPIRED,
    N_MISSED_TTFT,
    N_PENDING,
    N_PREEMPTED,
    N_RECOMPUTED,
    N_REJECTED,
    N_RUNNING,
    N_SWAPPED,
    N_UPLOADING,
    N_WAITING,
    REJECTED,
    RUNNING,
    WAITING,
    EngineState,
)
from edge_llm_env.scenarios.sections.reward_settings import R_EXPIRED
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.progress import count_task, opens_task
from edge_llm_env.task_dynamics.state import N_WAITING as N_CALLS_WAITING


@compiled
def expected_requests(state: Any, tasks: EngineTasks | None, row: int) -> int:
    """How many entries of `order` there are: of all requests, or of the calls whose tools have been started."""
    if tasks is None:
        return state.requests[row]
    return state.known[row]


@compiled
def count_arrival(state: Any, tasks: EngineTasks | None, row: int, request: int) -> None:
    """Count a request that has arrived, and with its first call a task: later calls are not uploaded yet."""
    if tasks is None:
        state.counters[row, N_UPLOADING] += 1
        return
    if state.task_first[row, request] == request:
        count_task(state, row)
    opens = opens_task(state, row, request)
    state.counters[row, N_UPLOADING] += opens
    state.counters[row, N_CALLS_WAITING] += not opens


@compiled
def count_visible(state: Any, tasks: EngineTasks | None, row: int, request: int) -> None:
    """Count a request as visible, or as given up before: it is on its way no more."""
    if tasks is None:
        state.counters[row, N_UPLOADING] -= 1
        return
    opens = opens_task(state, row, request)
    state.counters[row, N_UPLOADING] -= opens
    state.counters[row, N_CALLS_WAITING] -= not opens


@compiled
def next_visible_s(params: EngineParams, state: EngineState, row: int) -> float:
    """When the next request becomes visible (s); infinite if none does."""
    upcoming = state.next_visible[row]
    if upcoming == expected_requests(state, params.tasks, row):
        return math.inf
    return state.visible_s[row, state.order[row, upcoming]]


@compiled
def take_arrivals(params: EngineParams, state: EngineState, row: int) -> bool:
    """Let everybody in who has arrived by now, and who is visible by now; whether anybody has become visible.

    A request that the whole cache could not hold at its end is rejected as soon as it is visible.
    """
    now_s, requests, counters = state.now_s[row], state.requests[row], state.counters[row]
    arrival = state.next_arrival[row]
    while arrival < requests and state.arrival_s[row, arrival] <= now_s:
        count_arrival(state, params.tasks, row, arrival)
        arrival += 1
        counters[N_ARRIVED] += 1
        counters[N_PENDING] += 1
    state.next_arrival[row] = arrival
    before = visible = state.next_visible[row]
    expected = expected_requests(state, params.tasks, row)
    while visible < expected and state.visible_s[row, state.order[row, visible]] <= now_s:
        request = state.order[row, visible]
        visible += 1
        count_visible(state, params.tasks, row, request)
        whole = int(state.prompt_tokens[row, request]) + int(state.output_tokens[row, request]) - 1
        if blocks_of(params, whole) > params.blocks:
            state.status[row, request] = REJECTED
            counters[N_REJECTED] += 1
            counters[N_PENDING] -= 1
        else:
            state.status[row, request] = WAITING
            counters[N_WAITING] += 1
    state.next_visible[row] = visible
    fill_slots(params, state, row)
    return visible > before


@compiled
def fill_slots(params: EngineParams, state: EngineState, row: int) -> None:
    """Give waiting slots that are free to those who wait beyond them."""
    slot, beyond = state.in_slots[row], state.next_beyond[row]
    while slot < params.waiting_slots and beyond < state.next_visible[row]:
        request = state.order[row, beyond]
        beyond += 1
        if state.status[row, request] == WAITING:
            state.waiting[row, slot] = request
            slot += 1
    state.in_slots[row], state.next_beyond[row] = slot, beyond
    state.counters[row, N_BEYOND] = state.counters[row, N_WAITING] - min(slot, params.waiting_slots)


@compiled
def leave_slot(params: EngineParams, state: EngineState, row: int, slot: int) -> int:
    """Take the request out of a waiting slot; the others move up."""
    request = state.waiting[row, slot]
    state.in_slots[row] -= 1
    for at in range(slot, state.in_slots[row]):
        state.waiting[row, at] = state.waiting[row, at + 1]
    state.counters[row, N_WAITING] -= 1
    fill_slots(params, state, row)
    return request


@compiled
def admit(params: EngineParams, state: EngineState, row: int, slot: int) -> None:
    """Let the request in a waiting slot join the running batch, with blocks for all that it is to prefill, and what it
    has in host memory is moved back.
    """
    request = leave_slot(params, state, row, slot)
    fetch_cache(params, state, params.tasks, row, request)
    count_reused(state, params.tasks, row, request)
    if state.in_host[row, request]:
        state.transfer_s[row] += leave_host(params, state, row, request) * params.block_transfer_s
    state.running[row, state.counters[row, N_RUNNING]] = request
    state.status[row, request] = RUNNING
    state.counters[row, N_RUNNING] += 1
    state.counters[row, N_ADMITTED] += 1
    state.free_blocks[row] -= held_blocks(params, state, row, request)


@compiled
def leave_host(params: EngineParams, state: EngineState, row: int, request: int) -> int:
    """Free the blocks of host memory that a request has there; how many they were."""
    blocks = blocks_of(params, state.cached[row, request])
    state.in_host[row, request] = False
    state.host_free[row] += blocks
    return blocks


@compiled
def leave_batch(params: EngineParams, state: EngineState, row: int, slot: int) -> int:
    """Take the request out of a running slot and free its blocks; the others move up."""
    request = state.running[row, slot]
    state.free_blocks[row] += held_blocks(params, state, row, request)
    state.counters[row, N_RUNNING] -= 1
    for at in range(slot, state.counters[row, N_RUNNING]):
        state.running[row, at] = state.running[row, at + 1]
    return request


@compiled
def preempt(params: EngineParams, state: EngineState, row: int, slot: int) -> None:
    """Put the request in a running slot back to the front of those who wait.

    What it has cached goes to host memory where that has room for it, else it is computed anew.
    """
    request = leave_batch(params, state, row, slot)
    for at in range(state.in_slots[row], 0, -1):
        state.waiting[row, at] = state.waiting[row, at - 1]
    state.waiting[row, 0] = request
    state.in_slots[row] += 1
    state.status[row, request] = WAITING
    state.preempted_s[row, request] = state.now_s[row]
    state.counters[row, N_WAITING] += 1
    state.counters[row, N_PREEMPTED] += 1
    blocks = blocks_of(params, state.cached[row, request])
    if 0 < blocks <= state.host_free[row]:
        state.in_host[row, request] = True
        state.host_free[row] -= blocks
        state.transfer_s[row] += blocks * params.block_transfer_s
        state.counters[row, N_SWAPPED] += 1
        take_own_cache(state, params.tasks, row, request)
    else:
        lost = state.cached[row, request]
        state.cached[row, request] = 0
        state.target[row, request] = state.prompt_tokens[row, request] + state.generated[row, request]
        state.counters[row, N_RECOMPUTED] += max(0, lost - offer_cache(state, params.tasks, row, request))
    fill_slots(params, state, row)


@compiled
def drop(params: EngineParams, state: EngineState, row: int, slot: int) -> None:
    """Give up the request in a waiting slot."""
    give_up(params, state, row, leave_slot(params, state, row, slot))


@compiled
def give_up(params: EngineParams, state: EngineState, row: int, request: int) -> None:
    """Note that a request is dropped, which neither waits nor runs any more."""
    if state.in_host[row, request]:
        leave_host(params, state, row, request)
    state.status[row, request] = DROPPED
    state.counters[row, N_DROPPED] += 1
    state.counters[row, N_EXPIRED] += 1
    state.counters[row, N_PENDING] -= 1
    state.counters[row, N_MISSED_TTFT] += state.generated[row, request] == 0
    pay(params, state, row, R_EXPIRED, 1.0)
