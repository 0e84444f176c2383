"""Uploads that go on without being completed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.channels import bits_to_send
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def most_to_send(params: NodeParams, state: NodeState, row: int, slot: int) -> float:
    """Bits that a slot's request may send in an epoch that does not compute it: all but its last token.

    An upload completes with its last token, in the epoch that computes it.
    """
    return max(0.0, bits_to_send(params, state, row, state.slot_request[row, slot]) - params.uplink_bits_per_token)


@compiled
def send(params: NodeParams, state: NodeState, row: int, slot: int, share: float) -> float:
    """Let a slot's request go on sending, with a share of the uplink at most; the share that it takes."""
    most, whole_bits = most_to_send(params, state, row, slot), state.slot_uplink_bits[row, slot]
    bits = min(most, share * whole_bits)
    if bits <= 0.0:
        return 0.0
    state.sent_bits[row, state.slot_request[row, slot]] += bits
    return min(share, bits / whole_bits)


@compiled
def complete(params: NodeParams, state: NodeState, row: int, slot: int) -> None:
    """The upload of a slot's request is done."""
    request = state.slot_request[row, slot]
    state.sent_bits[row, request] = state.prompt_tokens[row, request] * params.uplink_bits_per_token


@compiled
def send_in_order(
    params: NodeParams,
    state: NodeState,
    row: int,
    order: NDArray[np.int64],
    selected: NDArray[np.bool_],
    spare: float,
) -> float:
    """Give a share of the uplink to the slots in an order that are not selected, each what it can use; what they take.

    `selected` is bool over the visible slots.
    """
    taken = 0.0
    for k in range(len(order)):
        if taken >= spare:
            break
        if not selected[order[k]]:
            taken += send(params, state, row, order[k], spare - taken)
    return taken
