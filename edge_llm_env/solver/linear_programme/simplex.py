"""A dual simplex method with bound flipping for `edge_llm_env.solver.linear_programme.relaxation`.

Each pivot is an exact line search along an edge of the bound L(λ). As every price is feasible for some choice of
bounds, the method continues from wherever it stands when capacities change or requests are decided, and may stop
anywhere.
"""

from __future__ import annotations

import numpy as np

from edge_llm_env.solver.linear_programme.relaxation import (
    AT_ONE,
    AT_ZERO,
    BASIC,
    NOISE,
    RESOURCES,
    Relaxation,
    bound_at_prices,
    reset_prices,
)
from edge_llm_env.support.compilation.compiling import compiled, compiled_apart

MOST_PIVOTS = 60
"""Far more than it takes unless pivots stand still among ties; then the bound is what it is."""


@compiled_apart
def tighten(lp: Relaxation, size: int, goal: float) -> float:
    """Lower the bound to the optimum of the relaxation, or until it falls short of `goal`; returns the bound."""
    bound = bound_at_prices(lp, size)
    for _ in range(MOST_PIVOTS):
        if bound < goal:
            break
        row = most_violated(lp)
        if row < 0 or not pivot(lp, size, row):
            break
        bound = bound_at_prices(lp, size)
    return bound


@compiled_apart
def resume_prices(lp: Relaxation, size: int) -> None:
    """Begin at the last basis, at costs that may have changed; at λ = 0 if its prices are no longer valid.

    Inverts the basis matrix by Gauss-Jordan elimination: what makes it the unit matrix makes the unit its inverse.
    """
    for row in range(RESOURCES):
        if lp.basis[row] >= size:
            lp.free[lp.basis[row]] = False
    for row in range(RESOURCES):
        for k in range(RESOURCES):
            variable = lp.basis[k]
            lp.matrix[row, k] = lp.cost[variable, row] if variable >= 0 else (1.0 if row == ~variable else 0.0)
            lp.inverse[row, k] = 1.0 if row == k else 0.0
    for column in range(RESOURCES):
        best = column
        for row in range(column + 1, RESOURCES):
            if abs(lp.matrix[row, column]) > abs(lp.matrix[best, column]):
                best = row
        if abs(lp.matrix[best, column]) < 1e-9:
            reset_prices(lp)
            return
        for k in range(RESOURCES):
            lp.matrix[column, k], lp.matrix[best, k] = lp.matrix[best, k], lp.matrix[column, k]
            lp.inverse[column, k], lp.inverse[best, k] = lp.inverse[best, k], lp.inverse[column, k]
        scale = 1.0 / lp.matrix[column, column]
        for k in range(RESOURCES):
            lp.matrix[column, k] *= scale
            lp.inverse[column, k] *= scale
        for row in range(RESOURCES):
            factor = lp.matrix[row, column]
            if row != column and factor != 0.0:
                for k in range(RESOURCES):
                    lp.matrix[row, k] -= factor * lp.matrix[column, k]
                    lp.inverse[row, k] -= factor * lp.inverse[column, k]
    for j in range(RESOURCES):
        price = 0.0
        for row in range(RESOURCES):
            if lp.basis[row] >= 0:
                price += lp.value[lp.basis[row]] * lp.inverse[row, j]
        if price < -NOISE:
            reset_prices(lp)
            return
        lp.price[j] = max(price, 0.0)


@compiled
def most_violated(lp: Relaxation) -> int:
    """The row whose basic variable is farthest outside its bounds, in its own direction's length; -1 if none is."""
    chosen, farthest = -1, 0.0
    for row in range(RESOURCES):
        outside = max(-lp.amount[row], lp.amount[row] - most_allowed(lp, row))
        if outside > 1e-9:
            length = 0.0
            for j in range(RESOURCES):
                length += lp.inverse[row, j] * lp.inverse[row, j]
            if outside * outside > farthest * length:
                chosen, farthest = row, outside * outside / length
    return chosen


@compiled
def most_allowed(lp: Relaxation, row: int) -> float:
    """The upper bound of a basic variable."""
    variable = lp.basis[row]
    if variable < 0:
        return np.inf
    return 1.0 if lp.free[variable] else 0.0


@compiled_apart
def pivot(lp: Relaxation, size: int, row: int) -> bool:
    """Let the basic variable of a row leave at the bound it violates; False if nothing can enter in its place."""
    below = lp.amount[row] < 0.0
    sign = 1.0 if below else -1.0
    slope = lp.amount[row] if below else most_allowed(lp, row) - lp.amount[row]
    direction_0, direction_1 = sign * lp.inverse[row, 0], sign * lp.inverse[row, 1]
    direction_2, direction_3 = sign * lp.inverse[row, 2], sign * lp.inverse[row, 3]
    count = 0
    for i in range(size):
        if not lp.free[i] or lp.state[i] == BASIC:
            continue
        rate = (
            direction_0 * lp.cost[i, 0]
            + direction_1 * lp.cost[i, 1]
            + direction_2 * lp.cost[i, 2]
            + direction_3 * lp.cost[i, 3]
        )
        if (rate > NOISE) if lp.state[i] == AT_ONE else (rate < -NOISE):
            lp.step[count] = max(lp.reduced[i] / rate, 0.0)
            lp.weight[count] = abs(rate)
            lp.who[count] = i
            count += 1
    for j in range(RESOURCES):
        rate = sign * lp.inverse[row, j]
        if rate < -NOISE:
            lp.step[count] = lp.price[j] / -rate
            lp.weight[count] = np.inf
            lp.who[count] = ~j
            count += 1
    found = first_rise(lp, count, slope)
    if found < 0:
        return False
    enter(lp, row, lp.who[found], lp.step[found], sign)
    return True


@compiled
def first_rise(lp: Relaxation, count: int, slope: float) -> int:
    """The breakpoint at which a negative slope has risen to 0 or more, -1 if none; all before it change sides."""
    low, high = 0, count
    while low < high:
        middle = lp.step[(low + high) // 2]
        smaller, larger, at = low, high, low
        total = 0.0
        while at < larger:
            if lp.step[at] < middle:
                total += lp.weight[at]
                swap(lp, at, smaller)
                smaller += 1
                at += 1
            elif lp.step[at] > middle:
                larger -= 1
                swap(lp, at, larger)
            else:
                at += 1
        if slope + total >= 0.0:
            high = smaller
            continue
        slope += total
        for passed in range(low, smaller):
            change_side(lp, lp.who[passed])
        for equal in range(smaller, larger):
            slope += lp.weight[equal]
            if slope >= 0.0:
                return equal
            change_side(lp, lp.who[equal])
        low = larger
    return -1


@compiled
def swap(lp: Relaxation, a: int, b: int) -> None:
    """Exchange two breakpoints."""
    lp.step[a], lp.step[b] = lp.step[b], lp.step[a]
    lp.weight[a], lp.weight[b] = lp.weight[b], lp.weight[a]
    lp.who[a], lp.who[b] = lp.who[b], lp.who[a]


@compiled
def change_side(lp: Relaxation, i: int) -> None:
    """From zero to one or back."""
    lp.state[i] = AT_ZERO if lp.state[i] == AT_ONE else AT_ONE


@compiled_apart
def enter(lp: Relaxation, row: int, entering: int, step: float, sign: float) -> None:
    """Move the prices by a step and exchange the basic variable of a row."""
    for j in range(RESOURCES):
        lp.price[j] = max(lp.price[j] + step * sign * lp.inverse[row, j], 0.0)
    leaving = lp.basis[row]
    if leaving >= 0:
        lp.state[leaving] = AT_ZERO if sign > 0.0 else AT_ONE
    lp.basis[row] = entering
    if entering >= 0:
        lp.state[entering] = BASIC
    else:
        lp.price[~entering] = 0.0
    for j in range(RESOURCES):
        lp.amount[j] = column_entry(lp, j, entering)
    for k in range(RESOURCES):
        lp.inverse[row, k] /= lp.amount[row]
    for j in range(RESOURCES):
        if j != row:
            for k in range(RESOURCES):
                lp.inverse[j, k] -= lp.amount[j] * lp.inverse[row, k]


@compiled
def column_entry(lp: Relaxation, row: int, variable: int) -> float:
    """Entry of B⁻¹·(column of a variable)."""
    if variable < 0:
        return lp.inverse[row, ~variable]
    return (
        lp.inverse[row, 0] * lp.cost[variable, 0]
        + lp.inverse[row, 1] * lp.cost[variable, 1]
        + lp.inverse[row, 2] * lp.cost[variable, 2]
        + lp.inverse[row, 3] * lp.cost[variable, 3]
    )
