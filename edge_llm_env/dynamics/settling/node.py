"""What comes of a batch of the whole node, and of each of its requests, where the node only believed what it needs."""

from __future__ import annotations

from edge_llm_env.dynamics.channels import downlink_arrives, uplink_arrives
from edge_llm_env.dynamics.epoch import dispatch, in_slot, serve, store_batch, without_transfers
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.payment import spend
from edge_llm_env.dynamics.state import (
    N_DOWNLINKS_FAILED,
    N_OUTPUTS_CUT,
    N_UPLINKS_FAILED,
    PENDING,
    RESERVED,
    NodeState,
)
from edge_llm_env.feasibility.batch import BatchSums, empty_batch, with_request
from edge_llm_env.feasibility.rule import Rule, energy_j
from edge_llm_env.support.compilation.compiling import compiled

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
