"""The linear relaxation of a knapsack with four capacities, whose value at any prices is an upper bound.

Prices λ ≥ 0 on the capacities c give, with reduced values r_i = v_i - λ·a_i, the bound

    L(λ) = λ·c + Σ max(0, r_i)

on every batch. The least of them is the optimum of the linear relaxation;
`edge_llm_env.solver.linear_programme.simplex` descends to it. The bound is added up from the prices anew each time, so
it is valid whatever led to them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.compilation.compiling import compiled_allocating, compiled_apart

RESOURCES = 4

AT_ZERO, AT_ONE, BASIC = range(3)
"""Values of `Relaxation.state`."""

NOISE = 1e-11
"""Reduced values, pivots and violations below this are rounding; values and capacities are scaled to about 1."""


class Relaxation(NamedTuple):
    """A relaxation over m requests and where its simplex method stands; entries past m are unused."""

    value: NDArray[np.float64]
    """(m,)"""
    cost: NDArray[np.float64]
    """(m, 4)"""
    capacity: NDArray[np.float64]
    """(4,)"""
    free: NDArray[np.bool_]
    """(m,) requests that are not decided; the others count for nothing."""
    price: NDArray[np.float64]
    """(4,) λ."""
    reduced: NDArray[np.float64]
    """(m,) r_i at the prices of the last bound."""
    state: NDArray[np.int8]
    """(m,) AT_ZERO, AT_ONE or BASIC."""
    basis: NDArray[np.int64]
    """(4 and more,) basic variables: request i, or ~j for what is left of capacity j."""
    inverse: NDArray[np.float64]
    """(4, 4) of the basis matrix, row by row of `basis`."""
    matrix: NDArray[np.float64]
    """(4, 4) the basis matrix, while it is inverted."""
    amount: NDArray[np.float64]
    """(4,) values of the basic variables; strictly between 0 and 1 for a request that the relaxation splits."""
    left: NDArray[np.float64]
    """(4,) capacity left by the requests at one."""
    step: NDArray[np.float64]
    """(m + 4,) this and the next two are the breakpoints of a line search: how far,"""
    weight: NDArray[np.float64]
    """(m + 4,) by how much the slope rises there,"""
    who: NDArray[np.int64]
    """(m + 4,) and which variable, as in `basis`, changes sides."""


@compiled_allocating
def relaxation_of_size(size: int) -> Relaxation:
    """Room for that many requests; `reset_prices` before the first bound.

    Arrays are parts of a few, since a search begins every epoch and each array of its own takes as long as a bound.
    """
    per_request = np.zeros((4, size + RESOURCES))
    numbers = np.zeros((2, size + RESOURCES), dtype=np.int64)
    square = np.zeros((3, RESOURCES, RESOURCES))
    return Relaxation(
        per_request[0],
        np.zeros((size, RESOURCES)),
        square[2, 0],
        np.zeros(size, dtype=np.bool_),
        square[2, 1],
        per_request[1],
        np.zeros(size, dtype=np.int8),
        numbers[0],
        square[0],
        square[1],
        square[2, 2],
        square[2, 3],
        per_request[2],
        per_request[3],
        numbers[1],
    )


@compiled_apart
def reset_prices(lp: Relaxation) -> None:
    """Begin at λ = 0, where every free request is at one."""
    for i in range(len(lp.state)):
        lp.state[i] = AT_ONE
    for j in range(RESOURCES):
        lp.price[j] = 0.0
        lp.basis[j] = ~j
        for k in range(RESOURCES):
            lp.inverse[j, k] = 1.0 if j == k else 0.0


@compiled_apart
def bound_at_prices(lp: Relaxation, size: int) -> float:
    """L(λ); brings `reduced`, `state`, `left` and `amount` up to date with the prices."""
    price_0, price_1, price_2, price_3 = lp.price[0], lp.price[1], lp.price[2], lp.price[3]
    left_0, left_1, left_2, left_3 = lp.capacity[0], lp.capacity[1], lp.capacity[2], lp.capacity[3]
    bound = price_0 * left_0 + price_1 * left_1 + price_2 * left_2 + price_3 * left_3
    for i in range(size):
        if not lp.free[i]:
            continue
        cost_0, cost_1, cost_2, cost_3 = lp.cost[i, 0], lp.cost[i, 1], lp.cost[i, 2], lp.cost[i, 3]
        reduced = lp.value[i] - (price_0 * cost_0 + price_1 * cost_1 + price_2 * cost_2 + price_3 * cost_3)
        lp.reduced[i] = reduced
        if reduced > 0.0:
            bound += reduced
        if lp.state[i] == BASIC:
            continue
        if reduced > NOISE:
            lp.state[i] = AT_ONE
        elif reduced < -NOISE:
            lp.state[i] = AT_ZERO
        if lp.state[i] == AT_ONE:
            left_0 -= cost_0
            left_1 -= cost_1
            left_2 -= cost_2
            left_3 -= cost_3
    lp.left[0], lp.left[1], lp.left[2], lp.left[3] = left_0, left_1, left_2, left_3
    for j in range(RESOURCES):
        lp.amount[j] = (
            lp.inverse[j, 0] * left_0
            + lp.inverse[j, 1] * left_1
            + lp.inverse[j, 2] * left_2
            + lp.inverse[j, 3] * left_3
        )
    return bound
