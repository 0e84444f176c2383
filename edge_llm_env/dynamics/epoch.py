"""One row's epoch: who is pending when it begins, admitting requests to its batch, and dispatching that batch."""

from __future__ import annotations

import math

from edge_llm_env.dynamics.modules import begin_modules, rule_alone
from edge_llm_env.dynamics.params import NodeParams
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
    R_ENERGY,
    R_EXPIRED,
    R_SERVED,
    R_TOKENS,
    REJECTED,
    SERVED,
    NodeState,
)
from edge_llm_env.feasibility.batch import BatchSums, empty_batch, with_request
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import Rule, compute_time_s, energy_j, fits_node, is_feasible, memory_bytes
from edge_llm_env.radio.rate import minimum_share, shannon_rate_bits_per_s
from edge_llm_env.support.compiling import compiled


@compiled
def begin_episode(rule: Rule, params: NodeParams, state: NodeState, row: int) -> None:
    """Forget the last episode of a row and begin the first epoch of the workload that it holds."""
    state.status[row, :] = NOT_ARRIVED
    begin_modules(params, state, row)
    state.counters[row, :] = 0
    state.utilisation_sum[row, :] = 0.0
    state.energy_j[row] = 0.0
    state.oldest[row] = 0
    begin_epoch(rule, params, state, row)
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
        seen = candidate(params, state, row, request, start_s)
        # Slack only shrinks, so a request that the node cannot serve alone now it never can; its channel may recover.
        computed = without_transfers(seen)
        judge = rule_alone(rule, params, computed, state.accuracy_requirement[row, request])
        if not fits_node(judge, with_request(empty_batch(), computed)):
            state.status[row, request] = EXPIRED
            state.counters[row, N_EXPIRED] += 1
            state.counters[row, N_PENDING] -= 1
            state.reward_terms[row, R_EXPIRED] += params.reward_weights[R_EXPIRED]
            continue
        oldest = min(oldest, request)
        if visible < slots:
            fill_slot(judge, state, row, visible, request, seen)
            visible += 1
        else:
            beyond += 1
    state.oldest[row] = oldest
    state.visible[row] = visible
    state.counters[row, N_BEYOND] = beyond
    state.action_mask[row, visible:slots] = False
    state.action_mask[row, slots] = True


@compiled
def take_arrivals(params: NodeParams, state: NodeState, row: int, start_s: float) -> None:
    """Requests that arrived before `start_s` become pending, or rejected if they require too much accuracy."""
    request = state.counters[row, N_ARRIVED]
    while request < state.requests[row] and state.arrival_s[row, request] < start_s:
        if state.accuracy_requirement[row, request] <= params.offered_accuracy:
            state.status[row, request] = PENDING
            state.counters[row, N_PENDING] += 1
        else:
            state.status[row, request] = REJECTED
            state.counters[row, N_REJECTED] += 1
        request += 1
    state.counters[row, N_ARRIVED] = request


@compiled
def candidate(params: NodeParams, state: NodeState, row: int, request: int, start_s: float) -> Request:
    """A request as the feasibility rule sees it in the epoch that starts at `start_s`."""
    arrival_s = state.arrival_s[row, request]
    epochs_pending = state.counters[row, N_EPOCHS] + 1 - first_epoch(arrival_s, params.epoch_s)
    block = min(epochs_pending, state.uplink_gain.shape[2] - 1)
    prompt_tokens, output_tokens = state.prompt_tokens[row, request], state.output_tokens[row, request]
    uplink_rate = shannon_rate_bits_per_s(
        params.uplink_bandwidth_hz,
        params.uplink_snr * state.uplink_gain[row, request, block],
        params.max_bits_per_s_per_hz,
    )
    downlink_rate = shannon_rate_bits_per_s(
        params.downlink_bandwidth_hz,
        params.downlink_snr * state.downlink_gain[row, request, block],
        params.max_bits_per_s_per_hz,
    )
    uplink_share = minimum_share(prompt_tokens * params.uplink_bits_per_token, params.uplink_s, uplink_rate)
    downlink_share = minimum_share(output_tokens * params.downlink_bits_per_token, params.downlink_s, downlink_rate)
    return Request(
        max(params.fixed_prompt_tokens, float(prompt_tokens)),
        float(output_tokens),
        arrival_s + state.latency_requirement_s[row, request] - start_s - params.reserved_s,
        uplink_share,
        downlink_share,
        transfer_time_s(params, uplink_share, downlink_share),
        0.0,
    )


@compiled
def transfer_time_s(params: NodeParams, uplink_share: float, downlink_share: float) -> float:
    """Time that a request's transfers take of the window, each over the whole band: 0 where the split is fixed.

    Where the split is flexible, a batch 𝓑 needs an uplink part of at least U = Σ bits_i / R_i, since Σ ρ_i ≤ 1 with
    ρ_i = bits_i / (T_U·R_i), and a downlink part of at least D, likewise. Longer parts only take time from computing,
    so U and D are the best split for 𝓑, and it is feasible if and only if U + t_comp + D fits T_E and every deadline.
    That is the rule of a fixed split with the times of transfer as a cost of each request. A dead channel's share is
    infinite, which the rule refuses by itself.
    """
    if not params.flexible_split or math.isinf(uplink_share + downlink_share):
        return 0.0
    return uplink_share * params.uplink_s + downlink_share * params.downlink_s


@compiled
def without_transfers(request: Request) -> Request:
    """A request as it would be if its channel carried everything in no time."""
    return Request(request.prompt_tokens, request.output_tokens, request.slack_s, 0.0, 0.0, 0.0, request.memory_bytes)


@compiled
def first_epoch(arrival_s: float, epoch_s: float) -> int:
    """The first k ≥ 1 whose epoch starts after the arrival, k·T_E > arrival: the test that `take_arrivals` makes."""
    epoch = int(arrival_s / epoch_s) + 1
    if (epoch - 1) * epoch_s > arrival_s:  # the quotient was rounded up to a whole number
        return epoch - 1
    return epoch + 1 if epoch * epoch_s <= arrival_s else epoch  # or down from one


@compiled
def fill_slot(rule: Rule, state: NodeState, row: int, slot: int, request: int, seen: Request) -> None:
    """Show in a slot a request that the node can serve alone; it is admissible when its channel can too."""
    computed = with_request(empty_batch(), without_transfers(seen))
    state.slot_request[row, slot] = request
    state.slot_prompt_tokens[row, slot] = seen.prompt_tokens
    state.slot_output_tokens[row, slot] = seen.output_tokens
    state.slot_slack_s[row, slot] = seen.slack_s
    state.slot_uplink_share[row, slot] = seen.uplink_share
    state.slot_downlink_share[row, slot] = seen.downlink_share
    state.slot_transfer_s[row, slot] = seen.compute_s
    state.slot_compute_s[row, slot] = compute_time_s(rule, computed)
    state.slot_memory_bytes[row, slot] = memory_bytes(rule, computed) - memory_bytes(rule, empty_batch())
    state.action_mask[row, slot] = is_feasible(rule, with_request(empty_batch(), seen))


@compiled
def in_slot(state: NodeState, row: int, slot: int) -> Request:
    """The request in a slot, as the feasibility rule sees it."""
    return Request(
        state.slot_prompt_tokens[row, slot],
        state.slot_output_tokens[row, slot],
        state.slot_slack_s[row, slot],
        state.slot_uplink_share[row, slot],
        state.slot_downlink_share[row, slot],
        state.slot_transfer_s[row, slot],
        0.0,
    )


@compiled
def admit(rule: Rule, params: NodeParams, state: NodeState, row: int, slot: int) -> None:
    """Admit an admissible slot's request to the batch: it will be served, and its reward is paid now."""
    before = load_batch(state, row)
    after = with_request(before, in_slot(state, row, slot))
    store_batch(state, row, after)
    serve(params, state, row, slot)
    spend(params, state, row, energy_j(rule, after) - energy_j(rule, before))
    used = utilisation_of(rule, after)
    for resource in range(len(used)):
        state.utilisation[row, resource] = used[resource]


@compiled
def serve(params: NodeParams, state: NodeState, row: int, slot: int) -> None:
    """Count a slot's request as served, and pay for it and its tokens."""
    state.status[row, state.slot_request[row, slot]] = SERVED
    state.counters[row, N_SERVED] += 1
    state.counters[row, N_PENDING] -= 1
    state.action_mask[row, slot] = False
    state.reward_terms[row, R_SERVED] += params.reward_weights[R_SERVED]
    state.reward_terms[row, R_TOKENS] += params.reward_weights[R_TOKENS] * state.slot_output_tokens[row, slot]


@compiled
def spend(params: NodeParams, state: NodeState, row: int, joules: float) -> None:
    """Count the energy of a batch, and pay for it."""
    state.energy_j[row] += joules
    state.reward_terms[row, R_ENERGY] += params.reward_weights[R_ENERGY] * joules


@compiled
def refresh_mask(rule: Rule, state: NodeState, row: int) -> None:
    """Close the slots that no longer fit beside the batch; costs are monotone, so none opens again in this epoch."""
    batch = load_batch(state, row)
    for slot in range(state.visible[row]):
        if state.action_mask[row, slot]:
            grown = with_request(batch, in_slot(state, row, slot))
            state.action_mask[row, slot] = is_feasible(rule, grown)


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
    b = state.batch[row]
    return BatchSums(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12])


@compiled
def store_batch(state: NodeState, row: int, batch: BatchSums) -> None:
    """Make a batch that of a row."""
    for field in range(len(batch)):
        state.batch[row, field] = batch[field]
