"""The master programme of a branch and price: how much of each batch, by a primal simplex on a pool of columns.

    max Σ_k v_k λ_k    Σ_{k ∋ i} λ_k ≤ 1 for every request i,  Σ_{k of j} λ_k ≤ 1 for every node j,  λ ≥ 0

A column is a batch of one node. Rows come in that order, n of requests before those of nodes; the slack of row r is
column -1 - r. The revised simplex method keeps the inverse of the basis. Right-hand sides are 1 and a little more,
different for each row, since packings are so degenerate that it would go around in circles; the prices of a basis do
not depend on them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.compilation.compiling import compiled, compiled_apart

PERTURBATION = 1e-6
"""Most that a right-hand side is more than 1 by."""

GOLDEN = 0.6180339887498949
"""Its multiples are spread evenly over fractions."""

LEAST_GAIN, LEAST_PIVOT = 1e-11, 1e-7
"""What a column must be worth beyond its prices to enter, relative to the largest value, and least pivot."""

PIVOTS_PER_ROW = 100
"""Most of one call, in units of rows; the prices of any basis are valid, better ones only bound better."""


class Pool(NamedTuple):
    """Columns: batches of one node."""

    node: NDArray[np.int64]
    """(K,)"""
    begin: NDArray[np.int64]
    """(K + 1,) where the requests of each begin in `requests`."""
    requests: NDArray[np.int64]
    """Of all columns, one after the other."""
    value: NDArray[np.float64]
    """(K,)"""


class Master(NamedTuple):
    """A basis, over m rows."""

    basis: NDArray[np.int64]
    """(m,) column of each place, -1 - r for the slack of row r."""
    inverse: NDArray[np.float64]
    """(m, m) of the basis."""
    amount: NDArray[np.float64]
    """(m,) of the column of each place."""
    price: NDArray[np.float64]
    """(m,) of each row."""
    slack_value: NDArray[np.float64]
    """(m,) of each row's slack: 0, or far below for a request that must be served."""
    direction: NDArray[np.float64]
    """(m,) room for what an entering column changes."""


def master_of(rows: int) -> Master:
    """The basis of slacks, which serves nobody."""
    numbers = np.zeros((3, rows))
    return Master(-1 - np.arange(rows), np.eye(rows), right_hand_sides(rows), numbers[0], numbers[1], numbers[2])


def refresh(master: Master, pool: Pool, requests: int) -> None:
    """Compute the inverse and the amounts anew, without what many pivots have rounded."""
    rows = len(master.basis)
    matrix = np.zeros((rows, rows))
    for place, column in enumerate(master.basis.tolist()):
        if column < 0:
            matrix[-1 - column, place] = 1.0
        else:
            matrix[pool.requests[pool.begin[column] : pool.begin[column + 1]], place] = 1.0
            matrix[requests + pool.node[column], place] = 1.0
    master.inverse[:] = np.linalg.inv(matrix)
    master.amount[:] = np.maximum(master.inverse @ right_hand_sides(rows), 0.0)


def right_hand_sides(rows: int) -> NDArray[np.float64]:
    """Of so many rows: 1 and a little more, different for each."""
    return np.asarray(1.0 + PERTURBATION * (np.arange(1, rows + 1) * GOLDEN % 1.0), dtype=np.float64)


@compiled_apart
def solve_master(
    master: Master, pool: Pool, columns: int, is_open: NDArray[np.bool_], requests: int, largest: float
) -> int:
    """Pivot until none of the first `columns` columns that are open gains by its prices; how many pivots that took.

    `is_open`, bool of shape (K,), tells which columns may enter; `largest` is the scale of values.
    """
    rows = len(master.basis)
    set_prices(master, pool)
    for pivots in range(PIVOTS_PER_ROW * rows):
        entering, most = 0, LEAST_GAIN * largest
        found = False
        for k in range(columns):
            if is_open[k]:
                gain = pool.value[k] - price_of(master, pool, k, requests)
                if gain > most:
                    entering, most, found = k, gain, True
        for row in range(rows):
            gain = master.slack_value[row] - master.price[row]
            if gain > most:
                entering, most, found = -1 - row, gain, True
        if not found or not enter(master, pool, entering, requests, most):
            return pivots
    return PIVOTS_PER_ROW * rows


@compiled
def set_prices(master: Master, pool: Pool) -> None:
    """The prices of the basis."""
    for row in range(len(master.basis)):
        master.price[row] = 0.0
    for place in range(len(master.basis)):
        column = master.basis[place]
        value = pool.value[column] if column >= 0 else master.slack_value[-1 - column]
        if value != 0.0:
            for row in range(len(master.basis)):
                master.price[row] += value * master.inverse[place, row]


@compiled
def price_of(master: Master, pool: Pool, column: int, requests: int) -> float:
    """What the rows of a column of the pool cost together."""
    total = master.price[requests + pool.node[column]]
    for at in range(pool.begin[column], pool.begin[column + 1]):
        total += master.price[pool.requests[at]]
    return total


@compiled_apart
def enter(master: Master, pool: Pool, column: int, requests: int, gain: float) -> bool:
    """Let a column that gains so much per unit into the basis; False if nothing leaves for it."""
    inverse, direction, rows = master.inverse, master.direction, len(master.basis)
    leaving, step = -1, np.inf
    for place in range(rows):
        if column < 0:
            change = inverse[place, -1 - column]
        else:
            change = inverse[place, requests + pool.node[column]]
            for at in range(pool.begin[column], pool.begin[column + 1]):
                change += inverse[place, pool.requests[at]]
        direction[place] = change
        if change > LEAST_PIVOT and master.amount[place] < step * change:
            leaving, step = place, max(0.0, master.amount[place] / change)
    if leaving < 0:
        return False
    pivot = direction[leaving]
    for row in range(rows):
        inverse[leaving, row] /= pivot
        master.price[row] += gain * inverse[leaving, row]
    for place in range(rows):
        change = direction[place]
        if place != leaving and change != 0.0:
            master.amount[place] -= step * change
            for row in range(rows):
                inverse[place, row] -= change * inverse[leaving, row]
    master.amount[leaving] = step
    master.basis[leaving] = column
    return True
