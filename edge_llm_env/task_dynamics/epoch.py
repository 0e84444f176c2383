"""One row's epoch where requests are calls of tasks: which are visible when it begins, and what its end settles."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.channels import meet_channels
from edge_llm_env.dynamics.epoch import fill_slot, load_batch, refresh_mask, store_batch, utilisation_of
from edge_llm_env.dynamics.modules import judge_by
from edge_llm_env.dynamics.state import (
    N_ARRIVED,
    N_BEYOND,
    N_EPOCHS,
    N_PENDING,
    N_REJECTED,
    NOT_ARRIVED,
    PENDING,
    REJECTED,
    SERVED,
)
from edge_llm_env.feasibility.batch import empty_batch
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.caches import drop_cache, keep_cache, list_caches, swap_cache
from edge_llm_env.task_dynamics.calls import (
    MEMORY,
    call_without_channel,
    fail_task,
    returns,
    reused_tokens,
    rule_of_row,
)
from edge_llm_env.task_dynamics.params import TaskParams
from edge_llm_env.task_dynamics.progress import may_begin
from edge_llm_env.task_dynamics.state import N_FAILED, N_RUNNING, N_TASKS_ARRIVED, N_WAITING, WAITING, TaskState


@compiled
def begin_episode(rule: Rule, params: TaskParams, state: TaskState, row: int) -> None:
    """Forget the last episode of a row and begin the first epoch of the workload that it holds."""
    for call in range(state.requests[row]):
        state.status[row, call] = NOT_ARRIVED
        state.ready_s[row, call] = math.inf
        state.calls_served[row, call] = 0
        state.cached_tokens[row, call] = 0
        state.cache_in_host[row, call] = False
        state.computed_tokens[row, call] = 0
    state.kept_bytes[row] = state.swapped_bytes[row] = state.moving_s[row] = 0.0
    state.counters[row, :] = 0
    state.utilisation_sum[row, :] = 0.0
    state.energy_j[row] = 0.0
    state.oldest[row] = 0
    begin_epoch(rule, params, state, row)
    state.reward_terms[row, :] = 0.0


@compiled
def begin_epoch(rule: Rule, params: TaskParams, state: TaskState, row: int) -> None:
    """Begin the epoch that starts at t = (epochs + 1)·T_E: tasks arrive, tools end, tasks fail, slots are filled."""
    start_s = (state.counters[row, N_EPOCHS] + 1) * params.epoch_s
    take_tasks(params, state, row, start_s)
    state.utilisation[row, :] = 0.0
    store_batch(state, row, empty_batch())
    fail_what_cannot_be_served(rule, params, state, row, start_s)
    slots = state.slot_request.shape[1]
    visible, beyond, waiting = 0, 0, 0
    oldest = state.counters[row, N_ARRIVED]
    for call in range(state.oldest[row], state.counters[row, N_ARRIVED]):
        if state.status[row, call] == WAITING:
            oldest = min(oldest, call)
            waiting += 1
        if state.status[row, call] != PENDING:
            continue
        oldest = min(oldest, call)
        if visible < slots:
            state.slot_request[row, visible] = call
            visible += 1
        else:
            beyond += 1
    state.oldest[row] = oldest
    state.visible[row] = visible
    state.counters[row, N_BEYOND] = beyond
    state.counters[row, N_WAITING] = waiting
    state.action_mask[row, visible:slots] = False
    state.action_mask[row, slots] = True
    show_calls(rule, params, state, row)
    list_caches(state, row)


@compiled
def show_calls(rule: Rule, params: TaskParams, state: TaskState, row: int) -> None:
    """Show the calls in a row's slots with what they cost now, and open those that fit an empty batch."""
    start_s = (state.counters[row, N_EPOCHS] + 1) * params.epoch_s
    for slot in range(state.visible[row]):
        call = state.slot_request[row, slot]
        asked = call_without_channel(params, state, row, call, start_s)
        fill_slot(state, row, slot, call, asked, judge_by(rule, asked))
        state.slot_reused_tokens[row, slot] = reused_tokens(state, row, call)
        returned = state.slot_reused_tokens[row, slot] if returns(state, row, call) else 0.0
        state.slot_returned_bytes[row, slot] = returned * params.token_bytes
    meet_channels(rule, params, state, row)
    refresh_mask(rule_of_row(params, state, row), state, row)


@compiled
def release_caches(rule: Rule, params: TaskParams, state: TaskState, row: int, released: NDArray[np.int8]) -> None:
    """Swap the caches in those of the slots of `kept` that are 1, or drop them: calls then need their whole context.

    Before a batch is begun, which has the memory that they leave.
    """
    left = False
    for slot in range(state.in_kept[row]):
        if released[slot]:
            first = state.kept[row, slot]
            if not swap_cache(params, state, row, first, state.cached_tokens[row, first]):
                drop_cache(params, state, row, first)
            left = True
    if left:
        show_calls(rule, params, state, row)


@compiled
def take_tasks(params: TaskParams, state: TaskState, row: int, start_s: float) -> None:
    """Tasks that arrived before `start_s` are there with all their calls, or rejected for the accuracy they require."""
    call = state.counters[row, N_ARRIVED]
    while call < state.requests[row] and state.arrival_s[row, call] < start_s:
        begins = state.task_first[row, call] == call
        state.counters[row, N_TASKS_ARRIVED] += begins
        if state.accuracy_requirement[row, call] <= params.offered_accuracy[0]:
            state.status[row, call] = WAITING
            state.counters[row, N_PENDING] += 1
            state.counters[row, N_RUNNING] += begins
            if may_begin(state, row, call, SERVED):
                state.ready_s[row, call] = state.arrival_s[row, call] + state.tool_s[row, call]
        else:
            state.status[row, call] = REJECTED
            state.counters[row, N_REJECTED] += 1
            state.counters[row, N_FAILED] += begins
        call += 1
    state.counters[row, N_ARRIVED] = call


@compiled
def fail_what_cannot_be_served(rule: Rule, params: TaskParams, state: TaskState, row: int, start_s: float) -> None:
    """Tools end, and tasks fail of which a call cannot be served alone any more, or whose time is over."""
    for call in range(state.oldest[row], state.counters[row, N_ARRIVED]):
        if state.status[row, call] == WAITING and state.ready_s[row, call] <= start_s:
            state.status[row, call] = PENDING
        if state.status[row, call] == PENDING or state.status[row, call] == WAITING:
            asked = call_without_channel(params, state, row, call, start_s)
            late = asked.slack_s < 0.0
            if late or (state.status[row, call] == PENDING and not judge_by(rule, asked).fits):
                fail_task(params, state, row, state.task_first[row, call])


@compiled
def dispatch_calls(rule: Rule, params: TaskParams, state: TaskState, row: int) -> None:
    """Serve the batch, end the epoch and begin the next; `utilisation` keeps what the dispatched batch used."""
    own = rule_of_row(params, state, row)
    used = utilisation_of(own, load_batch(state, row))
    memory = (used[MEMORY] * own.memory_limit_bytes + state.kept_bytes[row]) / params.memory_limit_bytes
    state.moving_s[row] = max(0.0, state.moving_s[row] - params.epoch_s)
    for slot in range(state.visible[row]):
        if state.status[row, state.slot_request[row, slot]] == SERVED:
            keep_cache(params, state, row, state.slot_request[row, slot])
    state.counters[row, N_EPOCHS] += 1
    begin_epoch(rule, params, state, row)
    for resource in range(len(used)):
        state.utilisation[row, resource] = used[resource]
    state.utilisation[row, MEMORY] = memory
    for resource in range(len(used)):
        state.utilisation_sum[row, resource] += state.utilisation[row, resource]
