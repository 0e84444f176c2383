"""The batches that a relaxation lacks: the most valuable of each node, at what requests are worth beyond prices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.best_first import best_batch
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.support.compilation.compiling import compiled_allocating

NEGLIGIBLE = 1e-12
"""Values below this, relative to the largest, are left out of a search, and added to its bound."""

ROUNDED_UP = 1.0 + 2e-10
"""The search behind `BranchAndBound` takes values within one part in 10¹⁰ for equal."""

QUICK = 300
"""Nodes of a search that need not be exact: a few times as many as most searches take."""


@compiled_allocating
def best_beyond(
    rule: Rule, candidates: Candidates, gains: NDArray[np.float64], most_nodes: int
) -> tuple[NDArray[np.bool_], float, int]:
    """The batch of a node that gains most, a bound on what any gains, and nodes visited, when requests gain `gains`.

    `gains` has shape (n,); those that gain nothing are not in the batch. The search visits so many nodes at most, and
    the batch may not be the best.
    """
    worth, largest, left_out = np.zeros(len(gains)), 0.0, 0.0
    for i in range(len(gains)):
        largest = max(largest, gains[i])
    for i in range(len(gains)):
        if gains[i] >= NEGLIGIBLE * largest:
            worth[i] = gains[i]
        else:
            left_out += max(0.0, gains[i])
    batch, visited, bound, finished = best_batch(rule, candidates, worth, most_nodes, most_nodes)
    gained = 0.0
    for i in range(len(gains)):
        batch[i] = batch[i] and worth[i] > 0.0
        if batch[i]:
            gained += worth[i]
    return batch, (gained if finished else bound) * ROUNDED_UP + left_out, visited
