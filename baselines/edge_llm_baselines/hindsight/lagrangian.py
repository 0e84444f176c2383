"""The Lagrangian relaxation of an episode: with a price on every request, each epoch is a problem of its own.

With multipliers μ_i ≥ 0 on "request i is served at most once",

    L(μ) = Σ_i μ_i + Σ_epochs max over feasible batches of Σ_{i in batch} (1 - μ_i)

is an upper bound on the requests that any schedule serves. `lower_bound` descends to the least of them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import EpisodeProblem, Offers, candidates_between
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.best_first import best_batch
from edge_llm_env.support.compilation.compiling import compiled_allocating

GRID = 1024
"""Prices are whole multiples of 1/GRID: `BranchAndBound` is faster where values are multiples of one number."""

MOST_NODES = 1_000
"""Nodes of one epoch's search; where it stops there, its upper bound counts."""

FIRST_PRICE = 0.3
"""Of every request that has more than one chance."""

MOMENTUM = 0.85
"""Weight of the directions before in the direction of a step."""

FIRST_STEP, STEP_FACTOR, LEAST_STEP = 0.5, 0.6, 0.01
"""Of Polyak's length: the first step, what steps are shortened by, and the length at which to stop."""

PATIENCE = 8
"""Steps without progress before steps are shortened."""

PROGRESS = 0.02
"""Requests by which the bound must fall to count as progress."""

ROUNDING = 1e-6
"""Added to a bound before it is rounded down to a whole number of requests, for the sums' floating-point error."""


class Descent(NamedTuple):
    """Where a descent ended."""

    prices: NDArray[np.float64]
    """(requests,) μ of the least bound met."""
    relaxed: float
    """That bound, L(μ): no schedule serves more."""
    iterations: int
    """Bounds computed."""


def descend(episode: EpisodeProblem, value: int, iterations: int, gap: float = 0.0) -> Descent:
    """Lower L(μ) for at most that many iterations, or until the bound is within `gap` (relative) of `value`.

    `value` is what a known schedule serves. Steps go along a weighted mean of subgradients, 1 - (times served) for each
    request (Camerini, Fratta and Maffioli 1975), as far as Polyak's rule says with `value` as its target, and shorter
    when the bound stalls; the next step then starts from the best prices. Only requests with more than one chance have
    a price, and none is above 1, where a request is worth nothing.
    """
    contested = episode.chances() > 1
    prices = np.where(contested, round(FIRST_PRICE * GRID) / GRID, 0.0)
    best_prices, best_slope, least = prices, np.zeros(episode.requests), math.inf
    direction = np.zeros(episode.requests)
    step, stalled, done = FIRST_STEP, 0, 0
    while done < iterations:
        done += 1
        times_served = np.zeros(episode.requests, dtype=np.int64)
        bound = relaxed_value(episode.rule, episode.offers, prices, MOST_NODES, times_served)
        slope = np.where(contested, 1.0 - times_served, 0.0)
        slope[((prices <= 0.0) & (slope > 0.0)) | ((prices >= 1.0) & (slope < 0.0))] = 0.0
        stalled = 0 if bound < least - PROGRESS else stalled + 1
        if bound < least:
            least, best_prices, best_slope = bound, prices, slope
        whole = math.floor(least + ROUNDING)
        if whole - value <= gap * value or not best_slope.any():
            break
        direction = MOMENTUM * direction + (1.0 - MOMENTUM) * slope
        if stalled >= PATIENCE:
            step, stalled = step * STEP_FACTOR, 0
            if step < LEAST_STEP:
                break
            prices, bound, slope, direction = best_prices, least, best_slope, best_slope
        if direction @ slope <= 0.0:
            direction = slope if slope.any() else best_slope
        length = step * max(bound - value, PROGRESS) / (direction @ direction)
        prices = np.clip(np.round((prices - length * direction) * GRID) / GRID, 0.0, 1.0)
    return Descent(best_prices, least, done)


@compiled_allocating
def relaxed_value(
    rule: Rule, offers: Offers, prices: NDArray[np.float64], most_nodes: int, times_served: NDArray[np.int64]
) -> float:
    """L(μ) at these prices, or a little more where a search stops at `most_nodes`.

    Adds to `times_served`, shape (requests,), how often the batches found serve each request.
    """
    bound = 0.0
    for price in prices:
        bound += price
    for epoch in range(len(offers.first) - 1):
        first, last = offers.first[epoch], offers.first[epoch + 1]
        values = np.empty(last - first)
        for k in range(last - first):
            values[k] = 1.0 - prices[offers.request[first + k]]
        candidates = candidates_between(offers.candidates, first, last)
        selected, _, most, _ = best_batch(rule, candidates, values, most_nodes, most_nodes)
        bound += most
        for k in range(last - first):
            if selected[k] and values[k] > 0.0:
                times_served[offers.request[first + k]] += 1
    return bound
