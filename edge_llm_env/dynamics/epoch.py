"""One row's epoch: who is pending when it begins, admitting requests to its batch, and dispatching that batch."""

from __future__ import annotations

import math

from edge_llm_env.compiling import compiled
from edge_llm_env.dynamics.feasibility import (
    BatchSums,
    Request,
    Rule,
    compute_time_s,
    empty_batch,
    energy_j,
    fits_node,
    is_feasible,
    memory_bytes,
    with_request,
)
from edge_llm_env.dynamics.modules import begin_modules, rule_alone
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
    Constants,
    Rows,
)
from edge_llm_env.radio.rate import minimum_share, shannon_rate_bits_per_s


@compiled
def begin_episode(rule: Rule, constants: Constants, rows: Rows, row: int) -> None:
    """Forget the last episode of a row and begin the first epoch of the tape that it holds."""
    rows.status[row, :] = NOT_ARRIVED
    begin_modules(constants, rows, row)
    rows.counters[row, :] = 0
    rows.utilisation_sum[row, :] = 0.0
    rows.energy_j[row] = 0.0
    rows.oldest[row] = 0
    begin_epoch(rule, constants, rows, row)
    rows.reward_terms[row, :] = 0.0


@compiled
def begin_epoch(rule: Rule, constants: Constants, rows: Rows, row: int) -> None:
    """Begin the epoch that starts at t = (epochs + 1)·T_E: take arrivals, expire, fill the slots, empty the batch."""
    start_s = (rows.counters[row, N_EPOCHS] + 1) * constants.epoch_s
    take_arrivals(constants, rows, row, start_s)
    rows.utilisation[row, :] = 0.0
    store_batch(rows, row, empty_batch())
    slots = rows.slot_request.shape[1]
    visible = 0
    beyond = 0
    oldest = rows.counters[row, N_ARRIVED]
    for request in range(rows.oldest[row], rows.counters[row, N_ARRIVED]):
        if rows.status[row, request] != PENDING:
            continue
        seen = candidate(constants, rows, row, request, start_s)
        # Slack only shrinks, so a request that the node cannot serve alone now it never can; its channel may recover.
        computed = without_transfers(seen)
        judge = rule_alone(rule, constants, computed, rows.accuracy_requirement[row, request])
        if not fits_node(judge, with_request(empty_batch(), computed)):
            rows.status[row, request] = EXPIRED
            rows.counters[row, N_EXPIRED] += 1
            rows.counters[row, N_PENDING] -= 1
            rows.reward_terms[row, R_EXPIRED] += constants.expired_weight
            continue
        oldest = min(oldest, request)
        if visible < slots:
            fill_slot(judge, rows, row, visible, request, seen)
            visible += 1
        else:
            beyond += 1
    rows.oldest[row] = oldest
    rows.visible[row] = visible
    rows.counters[row, N_BEYOND] = beyond
    rows.action_mask[row, visible:slots] = False
    rows.action_mask[row, slots] = True


@compiled
def take_arrivals(constants: Constants, rows: Rows, row: int, start_s: float) -> None:
    """Requests that arrived before `start_s` become pending, or rejected if they require too much accuracy."""
    request = rows.counters[row, N_ARRIVED]
    while request < rows.requests[row] and rows.arrival_s[row, request] < start_s:
        if rows.accuracy_requirement[row, request] <= constants.offered_accuracy:
            rows.status[row, request] = PENDING
            rows.counters[row, N_PENDING] += 1
        else:
            rows.status[row, request] = REJECTED
            rows.counters[row, N_REJECTED] += 1
        request += 1
    rows.counters[row, N_ARRIVED] = request


@compiled
def candidate(constants: Constants, rows: Rows, row: int, request: int, start_s: float) -> Request:
    """A request as the feasibility rule sees it in the epoch that starts at `start_s` (design §1)."""
    arrival_s = rows.arrival_s[row, request]
    epochs_pending = rows.counters[row, N_EPOCHS] + 1 - first_epoch(arrival_s, constants.epoch_s)
    block = min(epochs_pending, rows.uplink_gain.shape[2] - 1)
    prompt_tokens, output_tokens = rows.prompt_tokens[row, request], rows.output_tokens[row, request]
    uplink_rate = shannon_rate_bits_per_s(
        constants.uplink_bandwidth_hz,
        constants.uplink_snr * rows.uplink_gain[row, request, block],
        constants.max_bits_per_s_per_hz,
    )
    downlink_rate = shannon_rate_bits_per_s(
        constants.downlink_bandwidth_hz,
        constants.downlink_snr * rows.downlink_gain[row, request, block],
        constants.max_bits_per_s_per_hz,
    )
    uplink_share = minimum_share(prompt_tokens * constants.uplink_bits_per_token, constants.uplink_s, uplink_rate)
    downlink_share = minimum_share(
        output_tokens * constants.downlink_bits_per_token, constants.downlink_s, downlink_rate
    )
    return Request(
        max(constants.fixed_prompt_tokens, float(prompt_tokens)),
        float(output_tokens),
        arrival_s + rows.latency_requirement_s[row, request] - start_s - constants.reserved_s,
        uplink_share,
        downlink_share,
        transfer_time_s(constants, uplink_share, downlink_share),
        0.0,
    )


@compiled
def transfer_time_s(constants: Constants, uplink_share: float, downlink_share: float) -> float:
    """Time that a request's transfers take of the window, each over the whole band: 0 where the split is fixed.

    Where the split is flexible, a batch 𝓑 needs an uplink part of at least U = Σ bits_i / R_i, since Σ ρ_i ≤ 1 with
    ρ_i = bits_i / (T_U·R_i), and a downlink part of at least D, likewise. Longer parts only take time from computing,
    so U and D are the best split for 𝓑, and it is feasible if and only if U + t_comp + D fits T_E and every deadline.
    That is the rule of a fixed split with the times of transfer as a cost of each request. A dead channel's share is
    infinite, which the rule refuses by itself.
    """
    if not constants.flexible_split or math.isinf(uplink_share + downlink_share):
        return 0.0
    return uplink_share * constants.uplink_s + downlink_share * constants.downlink_s


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
def fill_slot(rule: Rule, rows: Rows, row: int, slot: int, request: int, seen: Request) -> None:
    """Show in a slot a request that the node can serve alone; it is admissible when its channel can too."""
    computed = with_request(empty_batch(), without_transfers(seen))
    rows.slot_request[row, slot] = request
    rows.slot_prompt_tokens[row, slot] = seen.prompt_tokens
    rows.slot_output_tokens[row, slot] = seen.output_tokens
    rows.slot_slack_s[row, slot] = seen.slack_s
    rows.slot_uplink_share[row, slot] = seen.uplink_share
    rows.slot_downlink_share[row, slot] = seen.downlink_share
    rows.slot_transfer_s[row, slot] = seen.compute_s
    rows.slot_compute_s[row, slot] = compute_time_s(rule, computed)
    rows.slot_memory_bytes[row, slot] = memory_bytes(rule, computed) - memory_bytes(rule, empty_batch())
    rows.action_mask[row, slot] = is_feasible(rule, with_request(empty_batch(), seen))


@compiled
def in_slot(rows: Rows, row: int, slot: int) -> Request:
    """The request in a slot, as the feasibility rule sees it."""
    return Request(
        rows.slot_prompt_tokens[row, slot],
        rows.slot_output_tokens[row, slot],
        rows.slot_slack_s[row, slot],
        rows.slot_uplink_share[row, slot],
        rows.slot_downlink_share[row, slot],
        rows.slot_transfer_s[row, slot],
        0.0,
    )


@compiled
def admit(rule: Rule, constants: Constants, rows: Rows, row: int, slot: int) -> None:
    """Admit an admissible slot's request to the batch: it will be served, and its reward is paid now."""
    before = load_batch(rows, row)
    after = with_request(before, in_slot(rows, row, slot))
    store_batch(rows, row, after)
    serve(constants, rows, row, slot)
    spend(constants, rows, row, energy_j(rule, after) - energy_j(rule, before))
    used = utilisation_of(rule, after)
    for resource in range(len(used)):
        rows.utilisation[row, resource] = used[resource]


@compiled
def serve(constants: Constants, rows: Rows, row: int, slot: int) -> None:
    """Count a slot's request as served, and pay for it and its tokens."""
    rows.status[row, rows.slot_request[row, slot]] = SERVED
    rows.counters[row, N_SERVED] += 1
    rows.counters[row, N_PENDING] -= 1
    rows.action_mask[row, slot] = False
    rows.reward_terms[row, R_SERVED] += constants.served_weight
    rows.reward_terms[row, R_TOKENS] += constants.tokens_weight * rows.slot_output_tokens[row, slot]


@compiled
def spend(constants: Constants, rows: Rows, row: int, joules: float) -> None:
    """Count the energy of a batch, and pay for it."""
    rows.energy_j[row] += joules
    rows.reward_terms[row, R_ENERGY] += constants.energy_weight * joules


@compiled
def refresh_mask(rule: Rule, rows: Rows, row: int) -> None:
    """Close the slots that no longer fit beside the batch; costs are monotone, so none opens again in this epoch."""
    batch = load_batch(rows, row)
    for slot in range(rows.visible[row]):
        if rows.action_mask[row, slot]:
            grown = with_request(batch, in_slot(rows, row, slot))
            rows.action_mask[row, slot] = is_feasible(rule, grown)


@compiled
def dispatch(rule: Rule, constants: Constants, rows: Rows, row: int) -> None:
    """Serve the batch, end the epoch and begin the next; `utilisation` keeps what the dispatched batch used."""
    used = utilisation_of(rule, load_batch(rows, row))
    rows.counters[row, N_EPOCHS] += 1
    begin_epoch(rule, constants, rows, row)
    for resource in range(len(used)):
        rows.utilisation[row, resource] = used[resource]
        rows.utilisation_sum[row, resource] += used[resource]


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
def load_batch(rows: Rows, row: int) -> BatchSums:
    """The batch of a row."""
    b = rows.batch[row]
    return BatchSums(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12])


@compiled
def store_batch(rows: Rows, row: int, batch: BatchSums) -> None:
    """Make a batch that of a row."""
    for field in range(len(batch)):
        rows.batch[row, field] = batch[field]
