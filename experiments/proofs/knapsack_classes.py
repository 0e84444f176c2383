"""The hard knapsack classes of Pisinger (2005, "Where are the hard knapsack problems?"), as epoch problems.

One resource is scarce and takes the weights; values are the profits. R is the largest weight of the classes whose
weights are uniform.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.problem import BatchProblem

Resource = Literal["compute", "uplink", "downlink", "memory"]
RESOURCES: tuple[Resource, ...] = ("compute", "uplink", "downlink", "memory")

Whole = NDArray[np.int64]
Weighted = tuple[Whole, Whole]
"""Weights and profits."""


def uncorrelated(rng: np.random.Generator, size: int, largest: int) -> Weighted:
    """Both uniform."""
    weight, profit = rng.integers(1, largest, (2, size), endpoint=True)
    return weight, profit


def weakly_correlated(rng: np.random.Generator, size: int, largest: int) -> Weighted:
    """Profits within R/10 of the weight."""
    weight = rng.integers(1, largest, size, endpoint=True)
    near = rng.integers(-largest // 10, largest // 10, size, endpoint=True)
    return weight, np.maximum(1, weight + near)


def strongly_correlated(rng: np.random.Generator, size: int, largest: int) -> Weighted:
    """Profits R/10 above the weight."""
    weight = rng.integers(1, largest, size, endpoint=True)
    return weight, weight + largest // 10


def inverse_strongly_correlated(rng: np.random.Generator, size: int, largest: int) -> Weighted:
    """Weights R/10 above the profit."""
    profit, weight = strongly_correlated(rng, size, largest)
    return weight, profit


def almost_strongly_correlated(rng: np.random.Generator, size: int, largest: int) -> Weighted:
    """Profits R/10 above the weight, give or take R/500."""
    weight, profit = strongly_correlated(rng, size, largest)
    return weight, profit + rng.integers(-largest // 500, largest // 500, size, endpoint=True)


def subset_sum(rng: np.random.Generator, size: int, largest: int) -> Weighted:
    """Profits are the weights."""
    weight = rng.integers(1, largest, size, endpoint=True)
    return weight, weight


def similar_weights(rng: np.random.Generator, size: int, largest: int) -> Weighted:
    """Weights between 100 R and 100.1 R, profits uniform."""
    weight = rng.integers(100 * largest, 100 * largest + largest // 10, size, endpoint=True)
    return weight, rng.integers(1, largest, size, endpoint=True)


def spanner(of: Callable[[np.random.Generator, int, int], Weighted]) -> Callable[..., Weighted]:
    """The class span(2, 10): multiples, up to ten, of two requests of another class, divided by five."""

    def drawn(rng: np.random.Generator, size: int, largest: int) -> Weighted:
        weight, profit = of(rng, 2, largest)
        which, multiple = rng.integers(0, 2, size), rng.integers(1, 10, size, endpoint=True)
        return -(-2 * weight[which] // 10) * multiple, -(-2 * profit[which] // 10) * multiple

    return drawn


def multiple_strongly_correlated(rng: np.random.Generator, size: int, largest: int) -> Weighted:
    """The class mstr(3R/10, 2R/10, 6): profits above the weight by 3R/10 where six divides it, else by 2R/10."""
    weight = rng.integers(1, largest, size, endpoint=True)
    return weight, weight + np.where(weight % 6 == 0, 3 * largest // 10, 2 * largest // 10)


def profit_ceiling(rng: np.random.Generator, size: int, largest: int) -> Weighted:
    """The class pceil(3): profits are the weights, rounded up to multiples of three."""
    weight = rng.integers(1, largest, size, endpoint=True)
    return weight, 3 * -(-weight // 3)


def circle(rng: np.random.Generator, size: int, largest: int) -> Weighted:
    """Profits on the arc of a circle over the weights."""
    weight = rng.integers(1, largest, size, endpoint=True)
    return weight, np.ceil(2 / 3 * np.sqrt(4.0 * largest**2 - (weight - 2.0 * largest) ** 2)).astype(np.int64)


CLASSES: dict[str, Callable[[np.random.Generator, int, int], Weighted]] = {
    "uncorrelated": uncorrelated,
    "weakly correlated": weakly_correlated,
    "strongly correlated": strongly_correlated,
    "inverse strongly correlated": inverse_strongly_correlated,
    "almost strongly correlated": almost_strongly_correlated,
    "subset sum": subset_sum,
    "uncorrelated, similar weights": similar_weights,
    "spanner, uncorrelated": spanner(uncorrelated),
    "spanner, weakly correlated": spanner(weakly_correlated),
    "spanner, strongly correlated": spanner(strongly_correlated),
    "multiple strongly correlated": multiple_strongly_correlated,
    "profit ceiling": profit_ceiling,
    "circle": circle,
}
"""Each draws weights and profits of so many requests; the spanner class three times, by what it spans."""


def as_problem(weight: Whole, profit: Whole, capacity: int, resource: Resource) -> BatchProblem:
    """The knapsack as an epoch problem in which one resource is scarce; shares are fractions of the capacity."""
    nothing = np.zeros(len(weight))
    cost: dict[str, NDArray[np.float64]] = dict.fromkeys(RESOURCES, nothing)
    cost[resource] = weight / capacity if resource in ("uplink", "downlink") else weight.astype(float)
    window_s = float(capacity) if resource == "compute" else 1.0
    return BatchProblem.additive(
        cost["compute"],
        cost["uplink"],
        cost["downlink"],
        cost["memory"],
        np.full(len(weight), window_s),
        window_s=window_s,
        memory_limit_bytes=float(capacity) if resource == "memory" else 1.0,
        values=profit.astype(float),
    )


def knapsack(
    name: str, rng: np.random.Generator, size: int, *, largest: int = 1000, resource: Resource = "memory"
) -> BatchProblem:
    """A problem of a class whose capacity holds between a tenth and nine tenths of all weights."""
    weight, profit = CLASSES[name](rng, size, largest)
    return as_problem(weight, profit, max(1, int(weight.sum() * rng.uniform(0.1, 0.9))), resource)
