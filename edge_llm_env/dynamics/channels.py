"""What the requests in a row's slots need of the channels of an epoch."""

from __future__ import annotations

import math

from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import N_EPOCHS, NodeState, images_of
from edge_llm_env.feasibility.rule import Rule, in_whole_units, within
from edge_llm_env.radio.rate import minimum_share, rate_bits_per_s
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def meet_channels(rule: Rule, params: NodeParams, state: NodeState, row: int) -> None:
    """Shares and times of transfer of the requests in a row's slots, and which of them may be admitted.

    A loop of its own: it waits for memory and logarithms, and is short enough to wait for several requests at once.
    """
    if state.visible[row] == 0:
        return
    directions, blocks = state.gain.shape[2:]
    epoch = state.counters[row, N_EPOCHS] + 1
    seen_first = first_epoch(state.arrival_s[row, state.slot_request[row, 0]], params.epoch_s)
    for slot in range(state.visible[row]):
        request = state.slot_request[row, slot]
        while seen_first * params.epoch_s <= state.arrival_s[row, request]:  # slots are in the order of arrivals
            seen_first += 1
        block = min(epoch - seen_first, blocks - 1)
        bits = bits_to_send(params, state, row, request)
        uplink_rate = uplink_rate_bits_per_s(params, state.gain[row, request, 0, block])
        uplink_share = in_whole_units(minimum_share(bits, params.uplink_s, uplink_rate), params.uplink_units)
        downlink_share = least_downlink_share(
            params, state.output_tokens[row, request], state.gain[row, request, directions - 1, block]
        )
        transfer_s = transfer_time_s(params, uplink_share, downlink_share)
        state.slot_uplink_share[row, slot] = uplink_share
        if params.carries_over:
            state.slot_uplink_bits[row, slot] = params.uplink_s * uplink_rate
        state.slot_downlink_share[row, slot] = downlink_share
        state.slot_transfer_s[row, slot] = transfer_s
        # `is_feasible` of it alone: that it fits the memory is known, and so is the time to compute it.
        state.action_mask[row, slot] = (
            within(uplink_share, 1.0)
            and within(downlink_share, 1.0)
            and within(transfer_s + state.slot_compute_s[row, slot], min(rule.window_s, state.slot_slack_s[row, slot]))
        )


@compiled
def bits_to_send(params: NodeParams, state: NodeState, row: int, request: int) -> float:
    """What is left of a request's upload."""
    images_bits = images_of(params, state, row, request) * params.image_bits
    bits = state.prompt_tokens[row, request] * params.uplink_bits_per_token + images_bits
    return bits - state.sent_bits[row, request] if params.carries_over else bits


@compiled
def uplink_rate_bits_per_s(params: NodeParams, gain: float) -> float:
    """Rate of the whole uplink at a power gain (bit/s)."""
    return rate_bits_per_s(
        params.uplink_symbols_per_s,
        params.uplink_snr * gain,
        params.max_bits_per_symbol,
        params.step_snr,
        params.step_efficiency,
    )


@compiled
def least_uplink_share(params: NodeParams, bits: float, gain: float) -> float:
    """Smallest share of the uplink that carries so many bits within T_U at a power gain; infinite of a dead channel."""
    share = minimum_share(bits, params.uplink_s, uplink_rate_bits_per_s(params, gain))
    return in_whole_units(share, params.uplink_units)


@compiled
def least_downlink_share(params: NodeParams, output_tokens: float, gain: float) -> float:
    """Smallest share of the downlink that carries an answer within T_D at a power gain; infinite of a dead channel."""
    rate = rate_bits_per_s(
        params.downlink_symbols_per_s,
        params.downlink_snr * gain,
        params.max_bits_per_symbol,
        params.step_snr,
        params.step_efficiency,
    )
    share = minimum_share(output_tokens * params.downlink_bits_per_token, params.downlink_s, rate)
    return in_whole_units(share, params.downlink_units)


@compiled
def uplink_arrives(params: NodeParams, state: NodeState, row: int, slot: int) -> bool:
    """Whether the uplink share that a slot's request has by what is believed suffices as the channel is."""
    request = state.slot_request[row, slot]
    gain = state.true_gain[row, request, 0, block_of(params, state, row, request)]
    return within(
        least_uplink_share(params, bits_to_send(params, state, row, request), gain), state.slot_uplink_share[row, slot]
    )


@compiled
def downlink_arrives(params: NodeParams, state: NodeState, row: int, slot: int) -> bool:
    """Whether its downlink share suffices for the answer as it is, likewise."""
    request = state.slot_request[row, slot]
    gain = state.true_gain[row, request, state.true_gain.shape[2] - 1, block_of(params, state, row, request)]
    return within(
        least_downlink_share(params, state.true_output_tokens[row, request], gain), state.slot_downlink_share[row, slot]
    )


@compiled
def block_of(params: NodeParams, state: NodeState, row: int, request: int) -> int:
    """The fading block of a pending request in the present epoch."""
    seen_first = first_epoch(state.arrival_s[row, request], params.epoch_s)
    return min(state.counters[row, N_EPOCHS] + 1 - seen_first, state.gain.shape[3] - 1)


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
def first_epoch(arrival_s: float, epoch_s: float) -> int:
    """The first k ≥ 1 whose epoch starts after the arrival, k·T_E > arrival: the test that `take_arrivals` makes."""
    epoch = int(arrival_s / epoch_s) + 1
    if (epoch - 1) * epoch_s > arrival_s:  # the quotient was rounded up to a whole number
        return epoch - 1
    return epoch + 1 if epoch * epoch_s <= arrival_s else epoch  # or down from one
