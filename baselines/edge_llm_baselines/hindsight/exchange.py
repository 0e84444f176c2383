"""Chances that may be taken away together, because requests of equal lengths can trade places.

Let request i be served in another epoch than e, and j in e. If i asks no more of e than j does, and j no more than i of
every other epoch in which i may still be served, and both are worth no less together then, they can trade places, and i
is served in e. So of the two cases "i is not served in e" and "i is served in e or not at all", the first need not have
such a j in e either.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.block import NONE, Block
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.support.compilation.compiling import compiled, compiled_apart


@compiled_apart
def take_away(rule: Rule, block: Block, ample: NDArray[np.bool_], allowed: NDArray[np.bool_], offer: int) -> None:
    """Take an offer's chance away, and with it those of the requests that would trade places with its own.

    `ample` is what `ample_bands` says.
    """
    offers = block.offers
    request, epoch = offers.request[offer], offers.epoch[offer]
    for other in range(offers.first[epoch], offers.first[epoch + 1]):
        if other == offer or not allowed[other] or not asks_no_more(rule, block, ample, offer, other):
            continue
        trades = True
        for elsewhere in range(block.offer.shape[1]):
            mine, theirs = block.offer[request, elsewhere], block.offer[offers.request[other], elsewhere]
            if elsewhere == epoch or mine == NONE or not allowed[mine]:
                continue
            if (
                theirs == NONE
                or not allowed[theirs]
                or not asks_no_more(rule, block, ample, theirs, mine)
                or block.worth[offer] + block.worth[theirs] < block.worth[mine] + block.worth[other]
            ):
                trades = False
                break
        if trades:
            allowed[other] = False
    allowed[offer] = False


@compiled
def asks_no_more(rule: Rule, block: Block, ample: NDArray[np.bool_], mine: int, theirs: int) -> bool:
    """Whether an offer can take the place of another of the same epoch in any batch; both have equal lengths then."""
    asked = block.offers.candidates
    epoch = block.offers.epoch[mine]
    return (
        asked.prompt_tokens[mine] == asked.prompt_tokens[theirs]
        and asked.output_tokens[mine] == asked.output_tokens[theirs]
        and min(asked.slack_s[mine], rule.window_s) >= min(asked.slack_s[theirs], rule.window_s)
        and asked.compute_s[mine] <= asked.compute_s[theirs]
        and asked.memory_bytes[mine] <= asked.memory_bytes[theirs]
        and (ample[epoch, 0] or asked.uplink_share[mine] <= asked.uplink_share[theirs])
        and (ample[epoch, 1] or asked.downlink_share[mine] <= asked.downlink_share[theirs])
    )


@compiled_apart
def note_ample_bands(block: Block, ample: NDArray[np.bool_]) -> None:
    """Write to (epochs, 2) whether all offers of an epoch together fit the uplink, and the downlink."""
    offers = block.offers
    for epoch in range(len(offers.first) - 1):
        uplink_share, downlink_share = 0.0, 0.0
        for offer in range(offers.first[epoch], offers.first[epoch + 1]):
            uplink_share += offers.candidates.uplink_share[offer]
            downlink_share += offers.candidates.downlink_share[offer]
        ample[epoch, 0], ample[epoch, 1] = uplink_share <= 1.0, downlink_share <= 1.0
