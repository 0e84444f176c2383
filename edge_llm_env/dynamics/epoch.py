"""One row's epoch: who is pending when it begins, admitting requests to its batch, and dispatching that batch."""

from __future__ import annotations

from edge_llm_env.dynamics.channels import meet_channels
from edge_llm_env.dynamics.demand import begin_demand
from edge_llm_env.dynamics.modules import Alone, begin_modules, judge_alone
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.payment import pay, pay_answer, spend
from edge_llm_env.dynamics.state import (
    EXPIRED,
    N_ARRIVED,
    N_BEYOND,
    N_EPOCHS,
    N_EXPIRED,
    N_PENDING,
    N_REJECTED,
    N_SERVED,
    NOT_ARRIVED,
    PENDING,
    REJECTED,
    RESERVED,
    SERVED,
    NodeState,
    class_of,
    images_of,
    own_compute_time_s,
)
from edge_llm_env.feasibility.batch import BatchSums, empty_batch, of_array, to_array, with_request
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import Rule, compute_time_s, energy_j, is_feasible, memory_bytes
from edge_llm_env.scenarios.sections.reward_settings import R_EXPIRED
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.support.memory import prefetch

NEXT_ARRIVALS = 16
"""Requests to ask memory for; where more arrive in an epoch, the processor has seen by then what comes next."""
GROUP = 8
"""Slots that a processor takes at once, float64 in 512 bits; narrower ones take half or a quarter of them."""


@compiled
def begin_episode(rule: Rule, params: NodeParams, state: NodeState, row: int) -> None:
    """Forget the last episode of a row and begin the first epoch of the workload that it holds."""
    state.status[row, : state.requests[row]] = NOT_ARRIVED
    if params.believes:
        for request in range(state.requests[row]):
            state.output_tokens[row, request] = state.first_output_tokens[row, request]
    begin_modules(params, state, row)
    state.counters[row, :] = 0
    state.utilisation_sum[row, :] = 0.0
    state.energy_j[row] = 0.0
    state.sent_bits[row, :] = 0.0
    state.oldest[row] = 0
    begin_epoch(rule, params, state, row)
    begin_demand(params, state, row)
    state.reward_terms[row, :] = 0.0


@compiled
def begin_epoch(rule: Rule, params: NodeParams, state: NodeState, row: int) -> None:
    """Begin the epoch that starts at t = (epochs + 1)·T_E: take arrivals, expire, fill the slots, empty the batch."""
    start_s = (state.counters[row, N_EPOCHS] + 1) * params.epoch_s
    take_arrivals(params, state, row, start_s)
    state.utilisation[row, :] = 0.0
    store_batch(state, row, empty_batch())
    slots = state.slot_request.shape[1]
    visible = 0
    beyond = 0
    oldest = state.counters[row, N_ARRIVED]
    for request in range(state.oldest[row], state.counters[row, N_ARRIVED]):
        if state.status[row, request] != PENDING:
            continue
        waiting = without_channel(params, state, row, request, start_s)
        # Slack only shrinks, so a request that the node cannot serve alone now it never can; its channel may recover.
        requirement = state.accuracy_requirement[row, request]
        alone = judge_alone(rule, params, waiting, class_of(state, row, request), requirement)
        if not alone.fits:
            state.status[row, request] = EXPIRED
            state.counters[row, N_EXPIRED] += 1
            state.counters[row, N_PENDING] -= 1
            pay(params, state, row, R_EXPIRED, 1.0)
            continue
        oldest = min(oldest, request)
        if visible < slots:
            fill_slot(state, row, visible, request, waiting, alone)
            visible += 1
        else:
            beyond += 1
    state.oldest[row] = oldest
    state.visible[row] = visible
    state.counters[row, N_BEYOND] = beyond
    meet_channels(rule, params, state, row)
    state.action_mask[row, visible:slots] = False
    state.action_mask[row, slots] = True


@compiled
def take_arrivals(params: NodeParams, state: NodeState, row: int, start_s: float) -> None:
    """Requests that arrived before `start_s` become pending, or rejected if they require too much accuracy."""
    request = state.counters[row, N_ARRIVED]
    while request < state.requests[row] and state.arrival_s[row, request] < start_s:
        if state.accuracy_requirement[row, request] <= params.offered_accuracy[class_of(state, row, request)]:
            state.status[row, request] = PENDING
            state.counters[row, N_PENDING] += 1
        else:
            state.status[row, request] = REJECTED
            state.counters[row, N_REJECTED] += 1
        request += 1
    state.counters[row, N_ARRIVED] = request


@compiled
def prefetch_epoch(state: NodeState, row: int) -> None:
    """Ask for what `begin_epoch` takes of the requests that wait and of those that arrive next."""
    prefetch(state.utilisation_sum, row, 0)
    prefetch_request(state, row, state.oldest[row])
    first = state.counters[row, N_ARRIVED]
    for request in range(first, first + NEXT_ARRIVALS, 8):  # a line of a cache has 8 numbers
        prefetch_request(state, row, request)
        for other in range(request + 2, request + 8, 2):
            prefetch(state.gain, row, other)


@compiled
def prefetch_request(state: NodeState, row: int, request: int) -> None:
    """Ask for a request, and those that stand in the same lines of a cache."""
    prefetch(state.status, row, request)
    prefetch(state.arrival_s, row, request)
    prefetch(state.latency_requirement_s, row, request)
    prefetch(state.accuracy_requirement, row, request)
    prefetch(state.prompt_tokens, row, request)
    prefetch(state.output_tokens, row, request)
    prefetch(state.gain, row, request)


@compiled
def without_channel(params: NodeParams, state: NodeState, row: int, request: int, start_s: float) -> Request:
    """A request as the feasibility rule sees it in the epoch that starts at `start_s`, but for its transfers."""
    images = images_of(params, state, row, request)
    return Request(
        max(params.fixed_prompt_tokens, float(state.prompt_tokens[row, request])) + images * params.image_tokens,
        float(state.output_tokens[row, request]),
        state.arrival_s[row, request] + state.latency_requirement_s[row, request] - start_s - params.reserved_s,
        0.0,
        0.0,
        images * params.encoding_s,
        0.0,
    )


@compiled
def without_transfers(request: Request) -> Request:
    """A request as it would be if its channel carried everything in no time."""
    return Request(request.prompt_tokens, request.output_tokens, request.slack_s, 0.0, 0.0, 0.0, request.memory_bytes)


@compiled
def fill_slot(state: NodeState, row: int, slot: int, request: int, waiting: Request, alone: Alone) -> None:
    """Show in a slot a request that the node can serve alone; `meet_channels` adds what its channel needs."""
    state.slot_request[row, slot] = request
    state.slot_prompt_tokens[row, slot] = waiting.prompt_tokens
    state.slot_output_tokens[row, slot] = waiting.output_tokens
    state.slot_slack_s[row, slot] = waiting.slack_s
    state.slot_compute_s[row, slot] = alone.compute_s
    state.slot_memory_bytes[row, slot] = alone.memory_bytes
    if state.slot_own_compute_s.shape[1] > 0:
        state.slot_own_compute_s[row, slot] = waiting.compute_s


@compiled
def in_slot(state: NodeState, row: int, slot: int) -> Request:
    """The request in a slot, as the feasibility rule sees it."""
    return Request(
        state.slot_prompt_tokens[row, slot],
        state.slot_output_tokens[row, slot],
        state.slot_slack_s[row, slot],
        state.slot_uplink_share[row, slot],
        state.slot_downlink_share[row, slot],
        state.slot_transfer_s[row, slot] + own_compute_time_s(state, row, slot),
        state.slot_returned_bytes[row, slot],
    )


@compiled
def admit(rule: Rule, params: NodeParams, state: NodeState, row: int, slot: int) -> None:
    """Admit an admissible slot's request to the batch: it will be served, and its reward is paid now.

    Where the node may be wrong to believe so, it is settled and paid at the end of the epoch.
    """
    before = load_batch(state, row)
    after = with_request(before, in_slot(state, row, slot))
    store_batch(state, row, after)
    if params.believes:
        reserve(state, row, slot)
    else:
        serve(params, state, row, slot)
        encoding_j = images_of(params, state, row, state.slot_request[row, slot]) * params.encoding_j
        spend(params, state, row, energy_j(rule, after) - energy_j(rule, before) + encoding_j)
    used = utilisation_of(rule, after)
    for resource in range(len(used)):
        state.utilisation[row, resource] = used[resource]


@compiled
def reserve(state: NodeState, row: int, slot: int) -> None:
    """Keep for a slot's request what the node believes that it needs."""
    state.status[row, state.slot_request[row, slot]] = RESERVED
    state.action_mask[row, slot] = False


@compiled
def serve(params: NodeParams, state: NodeState, row: int, slot: int) -> None:
    """Count a slot's request as served, and pay for it and its tokens."""
    state.status[row, state.slot_request[row, slot]] = SERVED
    state.counters[row, N_SERVED] += 1
    state.counters[row, N_PENDING] -= 1
    state.action_mask[row, slot] = False
    pay_answer(params, state, row, state.slot_output_tokens[row, slot], 1.0)


@compiled
def refresh_mask(rule: Rule, state: NodeState, row: int) -> None:
    """Close the slots that no longer fit beside the batch; costs are monotone, so none opens again in this epoch.

    Closed slots are judged too, and so are some behind the last: without branches, and in whole groups, the loop runs
    on several slots at once.
    """
    batch = load_batch(state, row)
    for slot in range(min((state.visible[row] + GROUP - 1) // GROUP * GROUP, state.slot_request.shape[1])):
        fits = is_feasible(rule, with_request(batch, in_slot(state, row, slot)))
        state.action_mask[row, slot] = state.action_mask[row, slot] and fits


@compiled
def dispatch(rule: Rule, params: NodeParams, state: NodeState, row: int) -> None:
    """Serve the batch, end the epoch and begin the next; `utilisation` keeps what the dispatched batch used."""
    used = utilisation_of(rule, load_batch(state, row))
    state.counters[row, N_EPOCHS] += 1
    begin_epoch(rule, params, state, row)
    for resource in range(len(used)):
        state.utilisation[row, resource] = used[resource]
        state.utilisation_sum[row, resource] += used[resource]


@compiled
def utilisation_of(rule: Rule, batch: BatchSums) -> tuple[float, float, float, float]:
    """Fraction of each capacity that a batch uses, per entry of RESOURCES."""
    return (
        batch.uplink_share,
        batch.downlink_share,
        memory_bytes(rule, batch) / rule.memory_limit_bytes,
        compute_time_s(rule, batch) / rule.window_s,
    )


@compiled
def load_batch(state: NodeState, row: int) -> BatchSums:
    """The batch of a row."""
    return of_array(state.batch[row])


@compiled
def store_batch(state: NodeState, row: int, batch: BatchSums) -> None:
    """Make a batch that of a row."""
    to_array(batch, state.batch[row])
