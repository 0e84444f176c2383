"""The Lagrangian bound, tightened: neighbouring epochs are joined to blocks, each searched for its own best schedule.

At given prices the bound is a sum over epochs. Where some epochs are joined to a block
(`edge_llm_baselines.hindsight.block`), requests that have no chance elsewhere need no price, and the sum falls by the
block's gain (`edge_llm_baselines.hindsight.block_search`). Gains of blocks that do not overlap add up, so the best way
to cut the episode into blocks is a longest path.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.block_search import block_gain
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.lagrangian import ROUNDING

MOST_EPOCHS = 4
"""Of a block."""

MOST_BRANCHINGS = 40
"""In the search of one block."""


def block_bound(
    episode: EpisodeProblem, prices: NDArray[np.float64], relaxed: float, enough: int, most_nodes: int
) -> int:
    """No schedule serves more than this.

    `relaxed` is L(μ) at the prices, as `edge_llm_baselines.hindsight.lagrangian.descend` leaves both. Blocks of two
    epochs are searched first, from the episode's start to its end, then longer ones, until the bound is down to
    `enough` or the searches of all epochs together have visited `most_nodes` nodes.
    """
    chances, nodes = episode.chances(), 0
    gains = np.zeros((MOST_EPOCHS + 1, episode.epochs + 1))  # by the block's length, and the epoch that it ends before
    bound = rounded(relaxed)
    for length in range(2, MOST_EPOCHS + 1):
        if bound <= enough:
            break
        for end in range(length, episode.epochs + 1):
            if nodes >= most_nodes:
                break
            gains[length, end], visited = block_gain(
                episode.rule, episode.offers, chances, prices, end - length, end, MOST_BRANCHINGS
            )
            nodes += visited
        bound = rounded(relaxed - most_gained(gains))
    return bound


def most_gained(gains: NDArray[np.float64]) -> float:
    """The largest sum of gains of blocks that do not overlap."""
    most = np.zeros(gains.shape[1])
    for end in range(1, len(most)):
        lengths = np.arange(1, min(len(gains) - 1, end) + 1)
        most[end] = (most[end - lengths] + gains[lengths, end]).max()
    return float(most[-1])


def rounded(bound: float) -> int:
    """A bound as a whole number of requests."""
    return math.floor(bound + ROUNDING)
