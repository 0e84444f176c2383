"""The penalised episode, bounded from its dual: with a price on every request each epoch is a problem of its own.

With multipliers μ_i ≥ 0 on "request i is served at most once" and values v of the chances to serve,

    L(μ) = constant + Σ_i μ_i + Σ_epochs max over feasible batches of Σ_{i in batch} max(0, v_{i,epoch} - μ_i)

is at least what any schedule is worth, whatever the prices, and however early the descent to the least of them ends.
Neighbouring epochs are then joined to blocks, as in hindsight, which lowers it further, or longer ones to windows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.clairvoyant.penalised import PenalisedEpisode
from edge_llm_baselines.certificates.clairvoyant.windows import NO_WINDOWS, WindowEffort, windowed_bound
from edge_llm_baselines.hindsight.block_bound import Effort, tightened
from edge_llm_baselines.hindsight.episode import Offers, candidates_between
from edge_llm_baselines.hindsight.lagrangian import MOST_NODES
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.best_first import best_batch
from edge_llm_env.support.compilation.compiling import compiled_allocating

FIRST_PRICE = 0.7
"""Of every request that has more than one chance."""

AIM = 0.05
"""By what fraction of the least bound met steps aim below it."""

FIRST_STEP, STEP_FACTOR, PATIENCE, PROGRESS = 0.5, 0.6, 6, 0.02
"""Of Polyak's length: the first step, and what steps are shortened by, from the best prices on, after that many without
so much progress."""

MOMENTUM = 0.85
"""Weight of the directions before in the direction of a step."""


def lowest_bound(
    penalised: PenalisedEpisode, iterations: int, blocks: Effort, windows: WindowEffort = NO_WINDOWS
) -> float:
    """The least L(μ) that a descent of that many iterations meets, less what blocks gain, or what windows come to.

    It goes as `edge_llm_baselines.hindsight.lagrangian.descend` does, without a grid.
    """
    episode, values = penalised.episode, penalised.values
    contested = episode.chances() > 1
    price = best_price = np.where(contested, FIRST_PRICE, 0.0)
    chosen, direction = np.zeros(len(values), dtype=np.bool_), np.zeros(episode.requests)
    least, best_slope = np.inf, direction
    length, stalled = FIRST_STEP, 0
    for _ in range(iterations):
        bound = relaxed_value(episode.rule, episode.offers, values, price, MOST_NODES, chosen)
        slope = slope_of(episode.offers, chosen, contested)
        slope[(price <= 0.0) & (slope > 0.0)] = 0.0
        stalled = 0 if bound < least - PROGRESS else stalled + 1
        if bound < least:
            least, best_price, best_slope = bound, price, slope
        direction = MOMENTUM * direction + (1.0 - MOMENTUM) * slope
        if stalled >= PATIENCE:
            length, stalled = length * STEP_FACTOR, 0
            price, bound, slope, direction = best_price, least, best_slope, best_slope
        if direction @ slope <= 0.0:
            direction = slope
        square = float(direction @ direction)
        if square == 0.0:
            break
        above = bound - least + AIM * abs(least) + PROGRESS
        price = np.maximum(price - length * above / square * direction, 0.0)
    by_blocks = tightened(episode, values, best_price, least, blocks) + penalised.constant
    return min(by_blocks, windowed_bound(penalised, best_price, windows))


def slope_of(offers: Offers, chosen: NDArray[np.bool_], contested: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(requests,) a subgradient of L in the prices: 1 - times served, of those with more than one chance."""
    served = np.bincount(offers.request[chosen], minlength=len(contested))
    return np.where(contested, 1.0 - served, 0.0)


@compiled_allocating
def relaxed_value(
    rule: Rule,
    offers: Offers,
    values: NDArray[np.float64],
    prices: NDArray[np.float64],
    most_nodes: int,
    chosen: NDArray[np.bool_],
) -> float:
    """L(μ) without the constant, or a little more where a search stops at `most_nodes`.

    Writes to `chosen`, shape (offers,), which chances the batches found take.
    """
    bound = 0.0
    for price in prices:
        bound += price
    for epoch in range(len(offers.first) - 1):
        first, last = offers.first[epoch], offers.first[epoch + 1]
        worth = np.empty(last - first)
        for k in range(last - first):
            worth[k] = max(values[first + k] - prices[offers.request[first + k]], 0.0)
        candidates = candidates_between(offers.candidates, first, last)
        selected, _, most, _ = best_batch(rule, candidates, worth, most_nodes, most_nodes)
        bound += most
        for k in range(last - first):
            chosen[first + k] = selected[k] and worth[k] > 0.0
    return bound
