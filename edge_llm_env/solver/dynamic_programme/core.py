"""The core of a knapsack: the requests that prices leave open, and what taking or leaving one of them changes.

A relaxation at prices λ takes the requests whose reduced value v - λ·a is above 0. A batch worth the goal differs from
that in requests whose reduced value is close to 0 only: the core (Balas and Zemel 1980). Its requests stand in the
order in which Pisinger (1997, "A minimal algorithm for the 0-1 knapsack problem") takes them in: by how far their value
per λ·a, their efficiency, is from 1. Values and costs become whole numbers where they are multiples of a step, so that
sums are exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.solver.linear_programme.relaxation import AT_ONE, BASIC, NOISE, RESOURCES, Relaxation
from edge_llm_env.support.compilation.compiling import compiled_allocating, compiled_apart
from edge_llm_env.support.sorting import ascending_order

FINEST_STEP, LARGEST_NOISE = 1e-7, 1e-10
"""Least step of costs that is told from rounding, and what is taken for rounding, in units of a capacity."""

LARGEST_WHOLE = 1e12
"""Most steps of one cost whose sums are exact."""


class Core(NamedTuple):
    """Requests to decide, m of them, in the order in which they are decided."""

    request: NDArray[np.int64]
    """(m,) index of each in the relaxation."""
    taken: NDArray[np.bool_]
    """(m,) whether the relaxation takes it."""
    value: NDArray[np.float64]
    """(m,) whole where values have a step, else as in the relaxation."""
    cost: NDArray[np.float64]
    """(m, 4) whole where the costs of a resource have a step; 0 of a resource that is not looked at."""
    capacity: NDArray[np.float64]
    """(4,) in the units of the costs; infinite of a resource that is not looked at."""
    price: NDArray[np.float64]
    """(4,) λ, in the units of values and costs."""
    efficiency: NDArray[np.float64]
    """(m,) at least 1 of what the relaxation takes, at most 1 of what it does not."""
    misplaced: float
    """What bounds by efficiency are too low by, as rounding puts some requests on the wrong side of 1."""
    start_value: float
    """Of what the relaxation takes, in the core and outside."""
    start_cost: NDArray[np.float64]
    """(4,) of the same."""
    main: int
    """The resource that is scarcest by its price."""
    looked_at: int
    """How many resources are looked at."""


@compiled_allocating
def core_of(
    lp: Relaxation,
    size: int,
    bound: float,
    goal: float,
    step: float,
    allowed: NDArray[np.float64],
    per_unit: NDArray[np.float64],
    priced_only: bool,
) -> Core:
    """The core of a relaxation that has been tightened to `bound`, for batches worth the goal.

    `step` is that of the values, 0 if they have none; `allowed`, float of shape (4,), are the capacities and
    `per_unit`, of that shape, what costs and capacities have been multiplied by. Looked at are
    the resources that not all free requests fit into together, or with `priced_only` those of them that have a price: a
    relaxation.
    """
    unit, capacity, price = np.empty(RESOURCES), np.empty(RESOURCES), np.zeros(RESOURCES)
    used = np.zeros(RESOURCES, dtype=np.bool_)
    main, looked_at = 0, 0
    for j in range(RESOURCES):
        unit[j], capacity[j] = 1.0, np.inf
    for j in range(RESOURCES):
        total = 0.0
        for i in range(size):
            if lp.free[i]:
                total += lp.cost[i, j]
        used[j] = lp.price[j] > NOISE or (total > allowed[j] and not priced_only)
        if used[j]:
            looked_at += 1
            unit[j] = cost_step(lp, size, j, per_unit[j])
            capacity[j] = allowed[j]
            if unit[j] > 0.0:
                capacity[j] = np.floor(allowed[j] / unit[j] + 1e-3)
            else:
                unit[j] = 1.0
            price[j] = lp.price[j] * unit[j] / (step if step > 0.0 else 1.0)
            if not used[main] or price[j] * capacity[j] > price[main] * capacity[main]:
                main = j
    whole_cost = np.zeros((size, RESOURCES))
    whole_value = np.zeros(size)
    efficiency, distance = np.zeros(size), np.empty(size)
    start_value, start_cost, misplaced = 0.0, np.zeros(RESOURCES), 0.0
    count = 0
    for i in range(size):
        distance[i] = np.inf
        if not lp.free[i]:
            continue
        whole_value[i] = np.rint(lp.value[i] / step) if step > 0.0 else lp.value[i]
        weight = 0.0
        for j in range(RESOURCES):
            if used[j]:
                stepped = unit[j] != 1.0
                whole_cost[i, j] = np.rint(lp.cost[i, j] / unit[j]) if stepped else lp.cost[i, j]
                weight += price[j] * whole_cost[i, j]
        if lp.state[i] == AT_ONE:
            start_value += whole_value[i]
            for j in range(RESOURCES):
                start_cost[j] += whole_cost[i, j]
        efficiency[i] = whole_value[i] / weight if weight > 0.0 else np.inf
        at_one = lp.state[i] == AT_ONE
        if (efficiency[i] < 1.0) if at_one else (efficiency[i] > 1.0):
            misplaced += abs(whole_value[i] - weight)
            efficiency[i] = 1.0
        if lp.state[i] == BASIC or bound - abs(lp.reduced[i]) >= goal:
            distance[i] = abs(efficiency[i] - 1.0) if weight > 0.0 else 1e300
            count += 1
    order = ascending_order(distance)[:count]
    taken, value, cost = np.zeros(count, dtype=np.bool_), np.zeros(count), np.zeros((count, RESOURCES))
    ordered = np.zeros(count)
    for k in range(count):
        i = order[k]
        taken[k] = lp.state[i] == AT_ONE
        value[k], ordered[k] = whole_value[i], efficiency[i]
        for j in range(RESOURCES):
            cost[k, j] = whole_cost[i, j]
    return Core(
        order, taken, value, cost, capacity, price, ordered, misplaced, start_value, start_cost, main, looked_at
    )


@compiled_apart
def cost_step(lp: Relaxation, size: int, resource: int, per_unit: float) -> float:
    """What all free requests' costs of a resource are multiples of, all together to 1/2000 of it; 0 if nothing.

    `per_unit` is what the costs have been multiplied by: whole numbers before that are multiples of 1 at least.
    """
    whole, largest = True, 0.0
    for i in range(size):
        if lp.free[i]:
            cost = lp.cost[i, resource] / per_unit
            whole = whole and abs(cost - np.rint(cost)) <= 1e-12 * cost
            largest = max(largest, lp.cost[i, resource])
    step = 0.0
    for i in range(size):
        if not lp.free[i]:
            continue
        cost = np.rint(lp.cost[i, resource] / per_unit) if whole else lp.cost[i, resource]
        larger, smaller = max(step, cost), min(step, cost)
        while smaller > (0.5 if whole else LARGEST_NOISE):
            larger, smaller = smaller, abs(larger - np.rint(larger / smaller) * smaller)
        step = larger
        if not whole and 0.0 < step < FINEST_STEP:
            return 0.0
    if whole:
        return step * per_unit if largest <= LARGEST_WHOLE * step * per_unit else 0.0
    off = 0.0
    for i in range(size):
        if lp.free[i]:
            off += abs(lp.cost[i, resource] - np.rint(lp.cost[i, resource] / step) * step)
    return step if off <= 5e-4 * step else 0.0
