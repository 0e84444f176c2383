"""What a request's channels are expected to become, as far as its scenario lets that be known."""

from __future__ import annotations

import math
from typing import NamedTuple

from edge_llm_env.dynamics.channels import bits_to_send, first_epoch, least_downlink_share, least_uplink_share
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import N_EPOCHS, NodeState
from edge_llm_env.support.compilation.compiling import compiled


class ToCome(NamedTuple):
    """Least shares of the bands that a request is expected to need in later epochs, infinite where there are none."""

    best_uplink: float
    """In the best of them."""
    mean_uplink: float
    """With the mean of the gains that are expected in them."""
    best_downlink: float


@compiled
def later_epochs(params: NodeParams, state: NodeState, row: int, slot: int) -> int:
    """In how many epochs after this one the request in a slot could still be computed alone."""
    spare_s = state.slot_slack_s[row, slot] - state.slot_compute_s[row, slot]
    return max(0, int(spare_s / params.epoch_s))


@compiled
def gain_to_come(params: NodeParams, now: float, usual: float, later: int) -> float:
    """The best gain that can be expected in any of the next `later` epochs, at least one, of a user who stays.

    `now` is the channel's gain, and `usual` what it is on average over users at its distance. The best linear
    prediction k epochs ahead is usual + r_k·(now - usual), where r_k is the correlation of the gains
    (`edge_llm_env.radio.fading.fading.Fading.correlations`). A channel above its usual is best where it keeps most of
    that, one below where it keeps least.
    """
    at = min(later, params.most_correlated.shape[0]) - 1
    kept = params.most_correlated[at] if now > usual else params.least_correlated[at]
    return usual + kept * (now - usual)


@compiled
def gains_to_come(
    params: NodeParams, state: NodeState, row: int, request: int, direction: int, block: int, later: int
) -> tuple[float, float]:
    """The best gain that can be expected in any of the next `later` epochs, at least one, and the mean of all of them.

    Where users drive along a road their usual gain changes as they go, and the prediction k epochs ahead is
    usual_k·(1 + r_k·(now / usual_0 - 1)): what the gain is beside its path loss keeps r_k of its difference from 1.
    """
    now, usual = state.gain[row, request, direction, block], state.usual_gain[row, request, 0]
    most = params.correlated.shape[0]
    if not params.users_move:
        mean = usual + params.mean_correlated[min(later, most) - 1] * (now - usual)
        return gain_to_come(params, now, usual, later), mean
    known = state.usual_gain.shape[2]
    later = min(later, known)
    above = now / state.usual_gain[row, request, min(block, known - 1)] - 1.0
    best, total = 0.0, 0.0
    for k in range(later):
        expected = state.usual_gain[row, request, min(block + k + 1, known - 1)] * (
            1.0 + params.correlated[min(k, most - 1)] * above
        )
        best = max(best, expected)
        total += expected
    return best, total / later


@compiled
def shares_to_come(params: NodeParams, state: NodeState, row: int, slot: int) -> ToCome:
    """Least shares of both bands in the later epochs in which the request in a slot could still be computed."""
    later = later_epochs(params, state, row, slot)
    if later == 0:
        return ToCome(math.inf, math.inf, math.inf)
    request = state.slot_request[row, slot]
    directions, blocks = state.gain.shape[2:]
    seen_first = first_epoch(state.arrival_s[row, request], params.epoch_s)
    block = min(state.counters[row, N_EPOCHS] + 1 - seen_first, blocks - 1)
    best, mean = gains_to_come(params, state, row, request, 0, block, later)
    best_downlink = best
    if directions > 1:
        best_downlink, _ = gains_to_come(params, state, row, request, 1, block, later)
    bits = bits_to_send(params, state, row, request)
    mean_uplink = math.inf
    if params.carries_over:
        mean_uplink = least_uplink_share(params, bits, mean)
    return ToCome(
        least_uplink_share(params, bits, best),
        mean_uplink,
        least_downlink_share(params, state.output_tokens[row, request], best_downlink),
    )
