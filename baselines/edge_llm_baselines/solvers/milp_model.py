"""The epoch problem as the rows of a mixed-integer program.

Binaries, all of them:

- x_{i,p}: request i is served and the longest lengths of the batch are pair p = (s', n'). Where padding makes the cost
  of a request depend on p there is one for each pair that admits i; otherwise one in all, x_i.
- y_p: pair p is the longest; exactly one is. A pair stands for its base costs. Absent where nothing depends on lengths.
- z_k: the batch's slack threshold is at most θ_k, for the distinct slacks θ_0 > θ_1 > ...; z_0 = 1 is left out.

Rows, with no big-M: a request implies its pair and its threshold, thresholds come in order, and the right-hand side of
the compute row falls from θ_0 by the telescoping Σ (θ_{k-1} - θ_k)·z_k.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.feasibility.rule import TOLERANCE
from edge_llm_env.inference.batch_cost import Polynomial
from edge_llm_env.solver.boxes import levels_of

CAPACITY = 1000.0
"""What capacities are scaled to: at 1, HiGHS (of SciPy 1.17) has called batches optimal that were 1 % short."""


class MilpModel(NamedTuple):
    """Maximise value·(x, y, z) over binaries with rows·(x, y, z) ≤ limit."""

    among: NDArray[np.int64]
    """(m,) candidates that can be served alone and are worth something."""
    owner: NDArray[np.int64]
    """(variables x,) the position in `among` of each x; the y and then the z come after them."""
    value: NDArray[np.float64]
    """(variables,)"""
    rows: csr_array
    """(rows, variables)"""
    limit: NDArray[np.float64]
    """(rows,)"""


class _Rows:
    """Rows in the making."""

    def __init__(self) -> None:
        self.row: list[NDArray] = []
        self.column: list[NDArray] = []
        self.entry: list[NDArray] = []
        self.limit: list[NDArray] = []
        self.count = 0

    def add(self, columns: NDArray, entries: NDArray, limit: float) -> None:
        """One row."""
        self.add_many(np.zeros(len(columns), dtype=np.int64), columns, entries, np.array([limit]))

    def add_many(self, rows: NDArray, columns: NDArray, entries: NDArray, limit: NDArray) -> None:
        """Several rows, numbered from 0 in `rows`."""
        self.row.append(self.count + rows)
        self.column.append(columns)
        self.entry.append(np.broadcast_to(entries, columns.shape))
        self.limit.append(limit)
        self.count += len(limit)


def model_of(problem: BatchProblem) -> MilpModel:
    """The program of a problem; costs and capacities are scaled so that each capacity is `CAPACITY`."""
    rule, candidates = problem.rule, problem.candidates
    levels = levels_of(rule, candidates, problem.values)
    among, level = levels.among, levels.level
    size, pairs_s, pairs_n = len(among), len(levels.longest_s), len(levels.longest_n)
    s, n = candidates.prompt_tokens[among], candidates.output_tokens[among]
    pair = np.arange(pairs_s * pairs_n)
    pair_s, pair_n = pair // pairs_n, pair % pairs_n
    admits = (level[:, None, 0] <= pair_s) & (level[:, None, 1] <= pair_n)
    pads = rule.pads_prompts or rule.pads_outputs
    owner, owner_pair = np.nonzero(admits) if pads else (np.arange(size), np.zeros(size, dtype=np.int64))
    # A length that does not matter is infinite in `levels`; it then has no coefficient, and any number will do.
    longest_s, longest_n = finite(levels.longest_s[pair_s]), finite(levels.longest_n[pair_n])
    padded_s = longest_s[owner_pair] if rule.pads_prompts else s[owner]
    padded_n = longest_n[owner_pair] if rule.pads_outputs else n[owner]
    threshold_s = levels.threshold_s[::-1]
    x = np.arange(len(owner))
    y = len(owner) + pair
    z = len(owner) + len(pair) + np.arange(len(threshold_s) - 1)
    allowed = 1.0 + TOLERANCE
    rows = _Rows()
    rows.add(x, candidates.uplink_share[among][owner] * CAPACITY, CAPACITY * allowed)
    rows.add(x, candidates.downlink_share[among][owner] * CAPACITY, CAPACITY * allowed)
    add_capacity(
        rows,
        [x, y],
        [
            candidates.memory_bytes[among][owner] + polynomial(rule.memory_bytes.marginal, padded_s, padded_n),
            polynomial(rule.memory_bytes.base, longest_s, longest_n),
        ],
        rule.memory_limit_bytes * allowed,
    )
    add_capacity(
        rows,
        [x, y, z],
        [
            candidates.compute_s[among][owner] + polynomial(rule.compute_s.marginal, padded_s, padded_n),
            polynomial(rule.compute_s.base, longest_s, longest_n),
            -np.diff(threshold_s) * allowed,
        ],
        (threshold_s[0] if size else 0.0) * allowed,
    )
    add_pairs(rows, owner, owner_pair, admits, pads, x, y)
    below = len(threshold_s) - 1 - level[:, 2]
    add_thresholds(rows, owner, below, x, z, pads)
    columns = len(owner) + len(y) + len(z)
    value = np.zeros(columns)
    value[: len(owner)] = problem.values[among][owner]
    matrix = csr_array(
        (np.concatenate(rows.entry), (np.concatenate(rows.row), np.concatenate(rows.column))),
        shape=(rows.count, columns),
    )
    return MilpModel(among, owner, value, matrix, np.concatenate(rows.limit))


def add_capacity(rows: _Rows, columns: list[NDArray], costs: list[NDArray], capacity: float) -> None:
    """Σ costs ≤ capacity, scaled to `CAPACITY`; an infinite one needs no row."""
    if not np.isfinite(capacity):
        return
    scale = CAPACITY / capacity if capacity > 0.0 else 1.0
    rows.add(np.concatenate(columns), np.concatenate(costs) * scale, capacity * scale)


def add_pairs(
    rows: _Rows, owner: NDArray, owner_pair: NDArray, admits: NDArray, pads: bool, x: NDArray, y: NDArray
) -> None:
    """Σ y_p = 1, and a request implies a pair that admits it."""
    ones = np.ones(len(y))
    rows.add(y, ones, 1.0)
    rows.add(y, -ones, -1.0)
    if len(y) == 1:
        return
    if pads:
        rows.add_many(
            np.tile(x, 2),
            np.concatenate([x, y[owner_pair]]),
            np.concatenate([np.ones(len(x)), -np.ones(len(x))]),
            np.zeros(len(x)),
        )
        return
    request, pair = np.nonzero(admits)
    rows.add_many(
        np.concatenate([request, x]),
        np.concatenate([y[pair], x]),
        np.concatenate([-np.ones(len(pair)), np.ones(len(x))]),
        np.zeros(len(x)),
    )


def add_thresholds(rows: _Rows, owner: NDArray, below: NDArray, x: NDArray, z: NDArray, pads: bool) -> None:
    """Σ_p x_{i,p} ≤ z_k for the k of the request's slack, or ≤ 1 for the first, and z_k ≤ z_{k-1}."""
    low = np.flatnonzero(below > 0)
    if pads or len(low):
        rows.add_many(
            np.concatenate([owner, low]),
            np.concatenate([x, z[below[low] - 1]]),
            np.concatenate([np.ones(len(x)), -np.ones(len(low))]),
            (below == 0).astype(float),
        )
    if len(z) > 1:
        order = np.arange(len(z) - 1)
        rows.add_many(
            np.tile(order, 2),
            np.concatenate([z[1:], z[:-1]]),
            np.concatenate([np.ones(len(order)), -np.ones(len(order))]),
            np.zeros(len(order)),
        )


def finite(lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lengths with 0 for those that do not matter."""
    return np.where(np.isinf(lengths), 0.0, lengths)


def polynomial(coefficients: Polynomial, s: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """A polynomial at arrays of lengths (tokens)."""
    return (
        coefficients.constant
        + coefficients.s * s
        + coefficients.s_squared * s * s
        + coefficients.n * n
        + coefficients.n_squared * n * n
        + coefficients.s_times_n * s * n
    )
