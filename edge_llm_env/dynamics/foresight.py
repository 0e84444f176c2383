"""What a request's channels are expected to become, as far as its scenario lets that be known."""

from __future__ import annotations

from edge_llm_env.dynamics.channels import first_epoch, least_downlink_share, least_uplink_share
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import N_EPOCHS, NodeState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def later_epochs(params: NodeParams, state: NodeState, row: int, slot: int) -> int:
    """In how many epochs after this one the request in a slot could still be computed alone."""
    spare_s = state.slot_slack_s[row, slot] - state.slot_compute_s[row, slot]
    return max(0, int(spare_s / params.epoch_s))


@compiled
def gain_to_come(params: NodeParams, now: float, usual: float, later: int) -> float:
    """The best gain that can be expected in any of the next `later` epochs, at least one, of a channel.

    `now` is the channel's gain, and `usual` what it is on average over users at its distance. The best linear
    prediction k epochs ahead is usual + r_k·(now - usual), where r_k is the correlation of the gains
    (`edge_llm_env.radio.fading.fading.Fading.correlations`). A channel above its usual is best where it keeps most of
    that, one below where it keeps least.
    """
    at = min(later, params.most_correlated.shape[0]) - 1
    kept = params.most_correlated[at] if now > usual else params.least_correlated[at]
    return usual + kept * (now - usual)


@compiled
def shares_to_come(params: NodeParams, state: NodeState, row: int, slot: int) -> tuple[float, float]:
    """Least shares of both bands, at most 1, in the best later epoch that can be expected; 1 where there is none."""
    later = later_epochs(params, state, row, slot)
    if later == 0:
        return 1.0, 1.0
    request = state.slot_request[row, slot]
    directions, blocks = state.gain.shape[2:]
    seen_first = first_epoch(state.arrival_s[row, request], params.epoch_s)
    block = min(state.counters[row, N_EPOCHS] + 1 - seen_first, blocks - 1)
    usual = state.usual_gain[row, request]
    uplink = gain_to_come(params, state.gain[row, request, 0, block], usual, later)
    downlink = gain_to_come(params, state.gain[row, request, directions - 1, block], usual, later)
    uplink_share = least_uplink_share(params, state.prompt_tokens[row, request], uplink)
    downlink_share = least_downlink_share(params, state.output_tokens[row, request], downlink)
    return min(1.0, uplink_share), min(1.0, downlink_share)
