"""The Lagrangian bound, tightened: neighbouring epochs are joined to blocks, each searched for its own best schedule.

At given prices the bound is a sum over epochs. Where some epochs are joined to a block
(`edge_llm_baselines.hindsight.block`), requests that have no chance elsewhere need no price, and the sum falls by the
block's gain (`edge_llm_baselines.hindsight.block_search`). Gains of blocks that do not overlap add up, so the best way
to cut the episode into blocks is a longest path.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.block_search import block_gain
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.lagrangian import ROUNDING


class Effort(NamedTuple):
    """How much is searched."""

    nodes: int
    """Visited by the searches of all blocks together, about."""
    most_epochs: int = 4
    """Of a block."""
    most_branchings: int = 40
    """In the search of one block."""


def block_bound(
    episode: EpisodeProblem, prices: NDArray[np.float64], relaxed: float, enough: int, most_nodes: int
) -> int:
    """No schedule serves more than this.

    `relaxed` is L(μ) at the prices, as `edge_llm_baselines.hindsight.lagrangian.descend` leaves both; it is `tightened`
    until it is down to `enough`.
    """
    values = np.ones(len(episode.offers.request))
    found = tightened(episode, values, prices, relaxed, Effort(most_nodes), lambda bound: rounded(bound) <= enough)
    return rounded(found)


def tightened(
    episode: EpisodeProblem,
    values: NDArray[np.float64],
    prices: NDArray[np.float64],
    relaxed: float,
    effort: Effort,
    is_enough: Callable[[float], bool] = lambda bound: False,
) -> float:
    """The Lagrangian bound `relaxed` at the prices, of chances of those values, (offers,), less what blocks gain.

    Blocks of two epochs are searched first, from the episode's start to its end, then longer ones, until the bound is
    enough or all nodes are used up.
    """
    chances, nodes, longest = episode.chances(), 0, effort.most_epochs
    gains = np.zeros((longest + 1, episode.epochs + 1))  # by the block's length, and the epoch that it ends before
    bound = relaxed
    for length in range(2, longest + 1):
        if is_enough(bound):
            break
        for end in range(length, episode.epochs + 1):
            if nodes >= effort.nodes:
                break
            gains[length, end], visited = block_gain(
                episode.rule, episode.offers, values, chances, prices, end - length, end, effort.most_branchings
            )
            nodes += visited
        bound = relaxed - most_gained(gains)
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
