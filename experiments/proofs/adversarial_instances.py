"""Small epoch problems made so that solvers are wrong if they can be: ties, exact hits, spans and proportions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.solver.candidates import Candidates
from experiments.proofs.knapsack_classes import CLASSES, RESOURCES, knapsack

Values = NDArray[np.float64]


def whole_costs(rng: np.random.Generator, size: int) -> BatchProblem:
    """Small whole costs of everything, so that sums meet capacities and each other."""
    most = int(rng.integers(2, 30))
    cost = rng.integers(0, most, (4, size)).astype(float)
    return BatchProblem.additive(
        cost[0],
        cost[1] / rng.integers(1, 2 * most),
        cost[2] / rng.integers(1, 2 * most),
        cost[3],
        rng.integers(0, most * size, size),
        window_s=float(rng.integers(1, most * size)),
        memory_limit_bytes=float(rng.integers(1, most * size)),
        values=values_of(rng, size, cost),
    )


def real_costs(rng: np.random.Generator, size: int) -> BatchProblem:
    """Real costs, some capacities scarce, slacks that differ or all as long as the window."""
    cost = rng.uniform(0.1, 1.0, (4, size)) ** rng.choice([0.2, 1.0, 3.0])
    held = cost.sum(axis=1) * rng.choice([0.2, 0.5, 0.8, 2.0], 4)
    slack_s = held[0] * (rng.uniform(0.2, 1.2, size) if rng.random() < 0.5 else np.ones(size))
    return BatchProblem.additive(
        cost[0],
        cost[1] / held[1],
        cost[2] / held[2],
        cost[3],
        slack_s,
        window_s=float(held[0]),
        memory_limit_bytes=float(held[3]),
        values=values_of(rng, size, cost),
    )


def edge_of_tolerance(rng: np.random.Generator, size: int) -> BatchProblem:
    """Costs of a few sizes whose sums are on either side of a capacity's tolerance, by parts in 10⁹."""
    unit = rng.choice([0.1, 0.125, 1.0 / 3.0, 0.2])
    cost = unit * rng.integers(1, 4, (4, size)) * (1.0 + 2.5e-10 * rng.integers(0, 9, (4, size)))
    return BatchProblem.additive(
        cost[0],
        cost[1],
        cost[2],
        cost[3],
        unit * rng.integers(1, 3 * size, size),
        window_s=float(unit * rng.integers(1, 3 * size)),
        memory_limit_bytes=float(unit * rng.integers(1, 3 * size)),
        values=values_of(rng, size, cost),
    )


def padded(rng: np.random.Generator, size: int) -> BatchProblem:
    """Rules of whole coefficients, base and marginal, over whole lengths and any padding."""

    def cost() -> AffineCost:
        base, marginal = rng.integers(0, 3, (2, 6)) * (rng.random((2, 6)) < 0.5)
        return AffineCost(Polynomial(*map(float, base)), Polynomial(*map(float, marginal)))

    s, n = rng.integers(1, 6, (2, size)).astype(float)
    limit = float(rng.integers(1, 200))
    nothing = np.zeros(size)
    rule = Rule(
        cost(),
        cost(),
        AffineCost(Polynomial(), Polynomial()),
        bool(rng.random() < 0.5),
        bool(rng.random() < 0.5),
        limit,
        float(rng.integers(1, 200)),
    )
    shares = rng.integers(0, 6, (2, size)) / 10.0
    candidates = Candidates(
        s, n, limit * rng.uniform(0.1, 1.5, size), shares[0], shares[1], nothing, rng.integers(0, 3, size).astype(float)
    )
    return BatchProblem(rule, candidates, values_of(rng, size, np.array([s + n, shares[0], shares[1], s * n])))


def hard_class(rng: np.random.Generator, size: int) -> BatchProblem:
    """One of the classes of `experiments.proofs.knapsack_classes`, of small to very large weights."""
    name = str(rng.choice(list(CLASSES)))
    return knapsack(name, rng, size, largest=int(10 ** rng.uniform(1, 7)), resource=rng.choice(RESOURCES))


FAMILIES: dict[str, Callable[[np.random.Generator, int], BatchProblem]] = {
    family.__name__: family for family in (whole_costs, real_costs, edge_of_tolerance, padded, hard_class)
}


def values_of(rng: np.random.Generator, size: int, cost: Values) -> Values:
    """Values of one of many kinds for requests of these costs, shape (4, size)."""
    kind = rng.integers(0, 11)
    if kind == 0:
        return np.ones(size)
    if kind == 1:
        return np.full(size, rng.uniform(1e-3, 1e3))
    if kind == 2:
        return rng.uniform(0.0, 1.0, size)
    if kind == 3:
        return rng.integers(0, 8, size).astype(float)
    if kind == 4:  # spans near the limit
        return 10.0 ** rng.uniform(0.0, rng.choice([3.0, 9.0, 14.9]), size)
    if kind == 5:  # whole, and far apart
        return np.floor(10.0 ** rng.uniform(0.0, rng.choice([3.0, 9.0, 13.0]), size))
    if kind == 6:  # tenths, which floats do not hold
        return 0.1 * rng.integers(0, 12, size).astype(float)
    if kind == 7:  # the grid of actions
        return np.ceil(rng.random(size) * 1024.0) / 1024.0
    weighed = cost[rng.integers(0, 4)] if rng.random() < 0.7 else rng.random(4) @ cost
    if kind == 8:  # proportional to a cost
        return weighed * 10.0 ** rng.uniform(-3.0, 3.0)
    if kind == 9:  # nearly so, on a grid
        return np.ceil(weighed / max(weighed.max(), 1e-9) * 1024.0) / 1024.0
    # Of one request that cannot be served, far more than of the others.
    values = rng.integers(1, 9, size).astype(float)
    values[rng.integers(0, size)] = 10.0 ** rng.uniform(3.0, 14.0)
    return values


def instances(family: str, count: int, sizes: tuple[int, int], seed: int) -> Iterator[BatchProblem]:
    """So many problems of a family, of at least and at most so many requests."""
    for index in range(count):
        rng = np.random.default_rng([seed, crc32(family.encode()), index, *sizes])
        yield FAMILIES[family](rng, int(rng.integers(sizes[0], sizes[1], endpoint=True)))
