"""The numbers of a learned scheduler by name, and where a search for them begins."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.engine.params import EngineParams

COST = ("patience", "prefill_share", "work", "slack", "generated", "blocks", "patience_in_queue", "work_in_queue")
"""Weights of what the logarithm of a waiting request's cost has beside that of its work: the logarithm of its class's
pace in that of the most patient; of its prefill's share of the work; of its work, in that of the middle request; its
slack in its class's TTFT; whether it was preempted after its first token; the share of the blocks that it needs; and
the first and the third times the share of the waiting slots in use."""

LIMIT = ("cost", "cost_in_queue", "cost_in_batch")
"""Of the most logarithm of a cost that is admitted: a constant, and times the shares of waiting and running slots."""

PACE = ("share", "share_patience", "share_work", "share_urgency", "share_in_queue")
"""Of the logarithm of the share of the pace that a decode step may take once a request is admitted: a constant, and
times the logarithms of its pace and its work as above, the part of its class's TTFT that is gone, and the share of the
waiting slots in use."""

KEPT = ("gained", "stalled")
"""What of the slack that a decoding sequence has gained its pace is widened by, over the tokens that it still needs;
and what of an admitted request's prefill is taken off that slack first."""

CHUNK = ("chunk", "chunk_urgency", "chunk_in_queue", "regained", "behind")
"""Of the logarithm of the share of the slack that a chunk may take: a constant, and times the part of the TTFT that is
gone of the prompt which is due first, and the share of the waiting slots in use. Then what counts of the slack that a
sequence gains until it is done, and of the prompts ahead when a request is asked whether it comes in time."""

LENGTH = ("length", "length_generated")
"""Output tokens that a request is expected to need where nothing is told: a share of the longest, and per token that
it has."""

VICTIM = ("victim_age", "victim_held", "victim_left", "victim_patience", "victim_slack")
"""Who makes room for decodes: weights of the slot, of the share of the blocks held, of the logarithm of tokens to come,
of its pace's logarithm and of its slack."""

NUMBERS = (*COST, *LIMIT, *PACE, *KEPT, *CHUNK, *LENGTH, *VICTIM)
"""All of them, in the order in which a policy has them."""

SPREADS = dict.fromkeys(NUMBERS, 0.3) | {
    "cost": 1.0,
    "cost_in_queue": 1.0,
    "cost_in_batch": 1.0,
    "share": 0.15,
    "share_patience": 0.15,
    "share_work": 0.1,
    "chunk": 0.4,
    "regained": 0.05,
    "length": 0.1,
    "length_generated": 0.2,
}
"""How far from the rule each is tried at first: the deviation that the search counts in."""

UNLIMITED = 3.0
"""Logarithm of a cost beyond which hardly a request is, so that the search can begin to lower it."""


def starting_point(params: EngineParams, rule: Sequence[float]) -> NDArray[np.float64]:
    """The numbers with which a learned scheduler does what the cheapest-first rule does with its three, but for what
    rounding to float32 changes.
    """
    weight, share, chunk = rule
    start = dict.fromkeys(NUMBERS, 0.0)
    spread = math.log(params.longest_tpot_s / float(params.class_tpot_s.min()))
    if spread > 0.0:
        start["patience"] = (len(params.class_tpot_s) - 1) * math.log(weight) / spread
    start |= {"cost": UNLIMITED, "share": math.log(share), "chunk": math.log(chunk), "behind": 1.0}
    start |= {"length": 0.5, "length_generated": -1.0, "victim_age": 1.0}
    return np.array([start[name] for name in NUMBERS])
