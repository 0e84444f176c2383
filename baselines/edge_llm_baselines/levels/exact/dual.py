"""The bound behind the search for the best levels: prices of every group's time and memory, and of both bands.

With w_k ≥ 0 for the compute time that group k has left, h_k for its memory and μ for what is left of the bands, each
request chooses alone what is worth most beyond its price, and no choice is worth more than

    Σ_k max(0, w_k · time left + h_k · memory left) + Σ μ · band left + Σ_i max(0, max over g, c of v_igc - price)

(the Lagrangian relaxation of M. L. Fisher, Management Science 27(1), 1981). A group that serves somebody has what its
least slack and its longest lengths leave; one that serves nobody yet at most its window less the least base cost, and
may stay empty, whence its max. Further requests only lower what is left, so the bound holds for all that follows.
Who is left out counts as nothing; who is served in any case counts even where that is less than nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.levels.exact.items import RESOURCES, Items
from edge_llm_baselines.levels.exact.stand_ins import FREE, MUST, OUT
from edge_llm_env.feasibility.batch import BatchSums
from edge_llm_env.feasibility.rule import Rule, compute_time_s, memory_bytes
from edge_llm_env.solver.subproblems import SLACKENED
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating


@compiled
def left_of_empty(items: Items, group: int, first: int, left: NDArray[np.float64]) -> None:
    """Write the time and memory that a group has which serves nobody, for those that it serves of requests `first` on.

    What comes off is the least base cost of any of these, up to the feasibility rule's tolerance; nothing is left where
    it can serve none.
    """
    limits = (items.window_s[group], items.memory_limit_bytes[group])
    for resource in range(RESOURCES):
        base = items.least_base[first, group, resource]
        left[resource] = limits[resource] * SLACKENED - base if base < np.inf else 0.0


@compiled
def left_of_batch(rule: Rule, batch: BatchSums, left: NDArray[np.float64]) -> None:
    """Write the time and memory that a batch leaves for more, up to the feasibility rule's tolerance."""
    allowed = SLACKENED
    left[0] = min(rule.window_s, batch.least_slack_s) * allowed - compute_time_s(rule, batch)
    left[1] = rule.memory_limit_bytes * allowed - memory_bytes(rule, batch)


@compiled
def price_of(items: Items, prices: NDArray[np.float64], request: int, group: int, compression: int) -> float:
    """What an item takes at prices of shape (K + 1, 2): of groups' time and memory, and of the bands."""
    used, groups = items.used[request, group, compression], len(items.window_s)
    return (
        prices[group, 0] * used[0]
        + prices[group, 1] * used[1]
        + prices[groups, 0] * used[2]
        + prices[groups, 1] * used[3]
    )


@compiled
def bound_of_state(
    prices: NDArray[np.float64], left: NDArray[np.float64], is_empty: NDArray[np.bool_], later: float
) -> float:
    """The bound on what is still to come: what is left, of shape (K + 1, 2), at its prices, and `later`, the sum of
    what requests to come are worth beyond theirs.
    """
    groups = len(is_empty)
    bound = later + prices[groups, 0] * left[groups, 0] + prices[groups, 1] * left[groups, 1]
    for group in range(groups):
        worth = prices[group, 0] * left[group, 0] + prices[group, 1] * left[group, 1]
        bound += max(0.0, worth) if is_empty[group] else worth
    return bound


@compiled_allocating
def descend(
    items: Items,
    first: int,
    left: NDArray[np.float64],
    is_empty: NDArray[np.bool_],
    fate: NDArray[np.int64],
    goal: float,
    steps: int,
    prices: NDArray[np.float64],
    best: NDArray[np.float64],
    excess: NDArray[np.float64],
    gradient: NDArray[np.float64],
) -> None:
    """Lower the bound on the requests from `first` on, in so many steps from `prices`, until it is at most `goal`.

    Writes the prices of the least bound to `best`, and to `excess`, (n + 1,), what all requests from each on are worth
    beyond them. `prices` and `gradient`, of the shape of `left`, (K + 1, 2), are overwritten. Steps towards the goal
    (B. Polyak, USSR Computational Mathematics 9(3), 1969), shorter after each that gains nothing.
    """
    groups, requests, compressions = len(is_empty), items.value.shape[0], items.value.shape[2]
    least, factor = np.inf, 1.0
    for _ in range(steps):
        later = 0.0
        for k in range(groups + 1):
            for resource in range(2):
                gradient[k, resource] = left[k, resource]
        for request in range(first, requests):
            if fate[request] == OUT:
                continue
            most, group_of, compression_of = -np.inf if fate[request] == MUST else 0.0, -1, -1
            for group in range(groups):
                for compression in range(compressions):
                    value = items.value[request, group, compression]
                    if value > 0.0:
                        beyond = value - price_of(items, prices, request, group, compression)
                        if beyond > most:
                            most, group_of, compression_of = beyond, group, compression
            later += most
            if group_of >= 0:
                for resource in range(2):
                    gradient[group_of, resource] -= items.used[request, group_of, compression_of, resource]
                    gradient[groups, resource] -= items.used[request, group_of, compression_of, 2 + resource]
        bound = bound_of_state(prices, left, is_empty, later)
        for group in range(groups):
            if is_empty[group] and prices[group, 0] * left[group, 0] + prices[group, 1] * left[group, 1] < 0.0:
                for resource in range(2):  # it stays empty: what is left of it does not count
                    gradient[group, resource] -= left[group, resource]
        if bound < least:
            least = bound
            best[:] = prices
        else:
            factor *= 0.7
        if bound <= goal:
            break
        norm = 0.0
        for k in range(groups + 1):
            for resource in range(2):
                scale = scale_of(items, k, resource)
                norm += (gradient[k, resource] / scale) ** 2
        if norm == 0.0:
            break
        step = factor * (bound - goal) / norm
        for k in range(groups + 1):
            for resource in range(2):
                scale = scale_of(items, k, resource)
                prices[k, resource] = max(0.0, prices[k, resource] - step * gradient[k, resource] / scale**2)
    excess[requests] = 0.0
    for back in range(requests - first):
        request = requests - 1 - back
        more = most_beyond_price(items, best, request, fate[request])
        excess[request] = excess[request + 1] + more


@compiled
def most_beyond_price(items: Items, prices: NDArray[np.float64], request: int, fate: int) -> float:
    """What the level of a request that is worth most beyond its price is worth so, and of being left out where it may
    be, 0.
    """
    _, groups, compressions = items.value.shape
    if fate == OUT:
        return 0.0
    most = -np.inf if fate == MUST else 0.0
    for group in range(groups):
        for compression in range(compressions):
            value = items.value[request, group, compression]
            if value > 0.0:
                most = max(most, value - price_of(items, prices, request, group, compression))
    return most


@compiled
def leave_out(items: Items, prices: NDArray[np.float64], spare: float) -> None:
    """Give levels no value that are worth so much less beyond their price than the best one of their request, or than
    none, that the bound at these prices with them is `spare` below that without: they are in no choice of interest.
    """
    requests, groups, compressions = items.value.shape
    for request in range(requests):
        most = most_beyond_price(items, prices, request, FREE)
        for group in range(groups):
            for compression in range(compressions):
                value = items.value[request, group, compression]
                if value > 0.0 and most - value + price_of(items, prices, request, group, compression) >= spare:
                    items.value[request, group, compression] = 0.0


@compiled
def scale_of(items: Items, group: int, resource: int) -> float:
    """What amounts of a group's time or memory, or of a band, are divided by so that they compare."""
    if group == len(items.window_s):
        return 1.0
    return items.window_s[group] if resource == 0 else items.memory_limit_bytes[group]
