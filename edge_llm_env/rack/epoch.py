"""One row's epoch: modules that are switched, the requests that the ready ones serve, and what all of it costs."""

from __future__ import annotations

from edge_llm_env.dynamics.payment import pay, pay_answer, spend
from edge_llm_env.rack.params import RackParams
from edge_llm_env.rack.state import (
    EXPIRED,
    N_ARRIVED,
    N_EPOCHS,
    N_EXPIRED,
    N_GROUP,
    N_MODULE_EPOCHS,
    N_ON,
    N_PENDING,
    N_READY,
    N_REJECTED,
    N_SERVED,
    N_STARTS,
    NOT_ARRIVED,
    PENDING,
    REJECTED,
    SERVED,
    USED_COMPUTE,
    USED_MEMORY,
    RackState,
)
from edge_llm_env.residency.moving import evict, next_to_leave, pass_time, start_load
from edge_llm_env.residency.residents import IDLE, hosting, ready_within
from edge_llm_env.scenarios.sections.reward_settings import R_EXPIRED
from edge_llm_env.support.compilation.compiling import compiled

MODEL = 0
"""What modules that are on hold."""


@compiled
def begin_episode(params: RackParams, state: RackState, row: int) -> None:
    """Forget the last episode of a row and begin the first epoch of the workload that it holds."""
    for request in range(state.requests[row]):
        state.status[row, request] = NOT_ARRIVED
    for module in range(params.modules):
        start_load(
            state.module_on, state.module_ready_s, row, module, MODEL if module < params.modules_at_start else IDLE, 0.0
        )
    state.counters[row, :] = 0
    state.counters[row, N_GROUP] = params.group_sizes[0]
    state.arrived_in[row, :] = 0
    state.utilisation[row, :] = 0.0
    state.utilisation_sum[row, :] = 0.0
    state.energy_j[row] = 0.0
    state.oldest[row] = 0
    state.reward_terms[row, :] = 0.0
    begin_epoch(params, state, row)
    state.reward_terms[row, :] = 0.0


@compiled
def begin_epoch(params: RackParams, state: RackState, row: int) -> None:
    """Begin the epoch at t = (epochs + 1)·T_E: take arrivals, and let expire whom it would answer too late."""
    epoch = state.counters[row, N_EPOCHS]
    start_s = (epoch + 1) * params.epoch_s
    request = state.counters[row, N_ARRIVED]
    while request < state.requests[row] and state.arrival_s[row, request] < start_s:
        if state.served_at_all[row, request]:
            state.status[row, request] = PENDING
            state.counters[row, N_PENDING] += 1
        else:
            state.status[row, request] = REJECTED
            state.counters[row, N_REJECTED] += 1
        state.arrived_in[row, epoch] += 1
        request += 1
    state.counters[row, N_ARRIVED] = request
    oldest = request
    for waiting in range(state.oldest[row], request):
        if state.status[row, waiting] == PENDING:
            if state.due_s[row, waiting] < start_s + params.epoch_s:
                state.status[row, waiting] = EXPIRED
                state.counters[row, N_EXPIRED] += 1
                state.counters[row, N_PENDING] -= 1
                pay(params, state, row, R_EXPIRED, 1.0)
            else:
                oldest = min(oldest, waiting)
    state.oldest[row] = oldest
    count_modules(state, row)


@compiled
def count_modules(state: RackState, row: int) -> None:
    """Count the modules that are on, and those of them that have started."""
    state.counters[row, N_ON] = hosting(state.module_on, row, MODEL)
    state.counters[row, N_READY] = ready_within(state.module_on, state.module_ready_s, row, MODEL, -1.0, 0.0)


@compiled
def switch(params: RackParams, state: RackState, row: int, target: int, size: int) -> None:
    """Let so many modules be on, in groups of that size.

    Those that still start longest are switched off first, others on begin to start. With a new size all that stay on
    start anew, since an engine runs with the group that it was started with.
    """
    while hosting(state.module_on, row, MODEL) > target:
        evict(
            state.module_on, state.module_ready_s, row, next_to_leave(state.module_on, state.module_ready_s, row, MODEL)
        )
    if size != state.counters[row, N_GROUP]:
        state.counters[row, N_GROUP] = size
        for module in range(params.modules):
            if state.module_on[row, module] == MODEL:
                start_load(state.module_on, state.module_ready_s, row, module, MODEL, params.start_s)
                state.counters[row, N_STARTS] += 1
    while hosting(state.module_on, row, MODEL) < target:
        module = next_to_leave(state.module_on, state.module_ready_s, row, IDLE)
        start_load(state.module_on, state.module_ready_s, row, module, MODEL, params.start_s)
        state.counters[row, N_STARTS] += 1
    count_modules(state, row)


@compiled
def served_by(size: int, ready: int) -> tuple[int, int]:
    """How many groups so many modules that have started make, and how many modules each has; of size 0, one of all."""
    if size == 0:
        return 1, ready
    return ready // size, size


@compiled
def serve_epoch(params: RackParams, state: RackState, row: int) -> None:
    """Let the groups that have started serve as many as they can, whoever is due first, and end the epoch.

    Groups take on full batches one after the other, so that as few as possible compute.
    """
    groups, size = served_by(state.counters[row, N_GROUP], state.counters[row, N_READY])
    largest = params.largest[size]
    to_serve = min(state.counters[row, N_PENDING], groups * largest)
    if to_serve == state.counters[row, N_PENDING]:
        for request in range(state.oldest[row], state.counters[row, N_ARRIVED]):
            if state.status[row, request] == PENDING:
                serve(params, state, row, request)
    else:
        for _ in range(to_serve):
            serve(params, state, row, due_first(state, row))
    energy_j = state.counters[row, N_ON] * params.idle_j
    memory = compute_s = 0.0
    left = to_serve
    for _ in range(groups):
        batch = min(left, largest)
        left -= batch
        memory += size * (params.base_memory[size] + batch * params.one_memory[size])
        if batch > 0:
            energy_j += params.base_j[size] + batch * params.one_j[size]
            compute_s += size * (params.base_s[size] + batch * params.one_s[size])
    spend(params, state, row, energy_j)
    state.utilisation[row, USED_MEMORY] = memory / params.modules
    state.utilisation[row, USED_COMPUTE] = compute_s / (params.modules * params.window_s)
    for resource in range(state.utilisation.shape[1]):
        state.utilisation_sum[row, resource] += state.utilisation[row, resource]
    state.counters[row, N_MODULE_EPOCHS] += state.counters[row, N_ON]
    state.counters[row, N_EPOCHS] += 1
    pass_time(state.module_ready_s, row, params.epoch_s)
    begin_epoch(params, state, row)


@compiled
def due_first(state: RackState, row: int) -> int:
    """The pending request that is due first, between equals the first that came."""
    first = -1
    for request in range(state.oldest[row], state.counters[row, N_ARRIVED]):
        if state.status[row, request] == PENDING and (first < 0 or state.due_s[row, request] < state.due_s[row, first]):
            first = request
    return first


@compiled
def serve(params: RackParams, state: RackState, row: int, request: int) -> None:
    """Count a request as served, and pay for it and its tokens."""
    state.status[row, request] = SERVED
    state.counters[row, N_SERVED] += 1
    state.counters[row, N_PENDING] -= 1
    pay_answer(params, state, row, state.output_tokens[row, request], 1.0)
