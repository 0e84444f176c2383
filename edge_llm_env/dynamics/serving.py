"""The end of an epoch: what comes of what the node believed, who is served by which variant, and what it used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import NOBODY, use_of_variants
from edge_llm_env.dynamics.channels import downlink_arrives, uplink_arrives
from edge_llm_env.dynamics.demand import note_arrivals
from edge_llm_env.dynamics.epoch import dispatch, in_slot, reserve, serve, spend, store_batch, without_transfers
from edge_llm_env.dynamics.modules import GROUPS, groups_now
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import (
    N_ARRIVED,
    N_DOWNLINKS_FAILED,
    N_OUTPUTS_CUT,
    N_UPLINKS_FAILED,
    PENDING,
    RESERVED,
    NodeState,
    class_of,
)
from edge_llm_env.feasibility.batch import BatchSums, empty_batch, with_request
from edge_llm_env.feasibility.rule import Rule, energy_j
from edge_llm_env.residency.moving import pass_time
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

LONGEST = 2**31 - 1
"""Most tokens that rows can hold."""


@compiled
def settle_and_dispatch(rule: Rule, params: NodeParams, state: NodeState, row: int) -> None:
    """Settle the batch of the whole node by what is, where it was admitted by what is believed, and end the epoch."""
    if params.believes:
        settle(rule, params, state, row)
    dispatch(rule, params, state, row)


@compiled
def settle(rule: Rule, params: NodeParams, state: NodeState, row: int) -> None:
    """Serve those of the batch that can be served as things are, and make it the batch that was: bands as they were
    granted, memory, time and energy of those whose prompts arrived, each as long as it was generated.
    """
    computed = empty_batch()
    uplink, downlink, transfer_s = 0.0, 0.0, 0.0
    for slot in range(state.visible[row]):
        if state.status[row, state.slot_request[row, slot]] != RESERVED:
            continue
        uplink += state.slot_uplink_share[row, slot]
        downlink += state.slot_downlink_share[row, slot]
        transfer_s += state.slot_transfer_s[row, slot]
        if uploaded(params, state, row, slot):
            computed = with_request(computed, without_transfers(in_slot(state, row, slot)))
            answered(params, state, row, slot)
    spend(params, state, row, energy_j(rule, computed))
    batch = BatchSums(
        computed.requests,
        computed.s,
        computed.s_squared,
        computed.n,
        computed.n_squared,
        computed.s_times_n,
        computed.longest_s,
        computed.longest_n,
        computed.least_slack_s,
        uplink,
        downlink,
        transfer_s,
        computed.memory_bytes,
    )
    store_batch(state, row, batch)


@compiled
def uploaded(params: NodeParams, state: NodeState, row: int, slot: int) -> bool:
    """Whether a reserved slot's prompt arrives as the channel is; it then shows the tokens that are generated of it.

    Otherwise it waits again, and its share of the bands was for nothing.
    """
    request = state.slot_request[row, slot]
    if uplink_arrives(params, state, row, slot):
        state.slot_output_tokens[row, slot] = min(
            state.true_output_tokens[row, request], state.output_tokens[row, request]
        )
        return True
    state.counters[row, N_UPLINKS_FAILED] += 1
    state.status[row, request] = PENDING
    return False


@compiled
def answered(params: NodeParams, state: NodeState, row: int, slot: int) -> bool:
    """Serve a slot's request whose prompt was computed, if its answer is whole and arrives; whether it did.

    An answer that is longer than what was reserved for it is cut off there: no other request of the batch is late for
    it. The node then knows that it is longer, and reserves twice as much the next time, but no more than the longest
    output.
    """
    request = state.slot_request[row, slot]
    reserved = state.output_tokens[row, request]
    if state.true_output_tokens[row, request] > reserved:
        most = params.longest_output_tokens if reserved < params.longest_output_tokens else float(LONGEST)
        state.output_tokens[row, request] = int(min(2.0 * reserved, most))
        state.counters[row, N_OUTPUTS_CUT] += 1
        state.status[row, request] = PENDING
        return False
    if not downlink_arrives(params, state, row, slot):
        state.counters[row, N_DOWNLINKS_FAILED] += 1
        state.status[row, request] = PENDING
        return False
    serve(params, state, row, slot)
    return True


@compiled_allocating
def groups_of(params: NodeParams, state: NodeState, row: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Modules of each group, and how long after the start of the epoch they load (s), both of shape (G·GROUPS,)."""
    groups = len(params.variant_accuracy) * GROUPS
    sizes, ready_s = np.zeros(groups, dtype=np.int64), np.zeros(groups)
    groups_now(params, state, row, sizes, ready_s)
    return sizes, ready_s


@compiled_allocating
def delays_after(uplink_s: float, ready_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """How long after the uplink each group still loads (s), of the shape of `ready_s`."""
    delays_s = np.zeros(len(ready_s))
    for group in range(len(ready_s)):
        delays_s[group] = max(0.0, ready_s[group] - uplink_s)
    return delays_s


@compiled_allocating
def serve_and_dispatch(
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    server: NDArray[np.int64],
    sizes: NDArray[np.int64],
    uplink: float,
    downlink: float,
    transfer_s: float,
) -> int:
    """Serve each request by its group, end the epoch, and account for what was used; how many groups took on.

    These are served, but for those that the node was wrong to believe that it can serve. `sizes` are those of the
    groups, `uplink` and `downlink` the parts of the bands that were used, and `transfer_s` is what transfers took of
    the window.
    """
    taken_on = 0
    for slot in range(len(server)):
        if server[slot] != NOBODY:
            taken_on += 1
            if params.believes:
                reserve(state, row, slot)
                if not uploaded(params, state, row, slot):
                    server[slot] = NOBODY
    memory, compute_s, energy = use_of_variants(rule, params, state, row, server, sizes)
    state.served_by[row, :] = NOBODY
    state.served_accuracy[row] = 0.0
    for slot in range(len(server)):
        if server[slot] != NOBODY:
            if params.believes:
                if not answered(params, state, row, slot):
                    continue
            else:
                serve(params, state, row, slot)
            state.served_by[row, slot] = server[slot]
            request_class = class_of(state, row, state.slot_request[row, slot])
            state.served_accuracy[row] += params.variant_accuracy[server[slot] // GROUPS, request_class]
    spend(params, state, row, energy)
    before = state.counters[row, N_ARRIVED]
    dispatch(rule, params, state, row)
    note_arrivals(params, state, row, before)
    pass_time(state.module_ready_s, row, params.epoch_s)
    used = (
        uplink,
        downlink,
        memory / (params.modules * params.module_memory_bytes),
        (compute_s + transfer_s) / rule.window_s,
    )
    for resource in range(len(used)):
        state.utilisation_sum[row, resource] += used[resource] - state.utilisation[row, resource]
        state.utilisation[row, resource] = used[resource]
    return taken_on
