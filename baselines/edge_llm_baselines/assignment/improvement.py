"""An assignment made better node by node."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.columns.pricing import QUICK, best_beyond
from edge_llm_baselines.assignment.problem import NOBODY, SeveralNodes

LEAST_GAIN = 1e-12
"""What a change must gain, relative to the value of the node's batch."""


def improved(problem: SeveralNodes, node_of: NDArray[np.int64]) -> NDArray[np.int64]:
    """A feasible assignment that no node can make more valuable by choosing its batch anew, others losing who leaves.

    Each node in turn may drop whom it serves and take whom nobody or another node does, where that gains.
    """
    node_of = node_of.copy()
    values, requests = problem.worth, np.arange(len(node_of))
    unchanged = 0
    for at in range(len(problem.nodes) * len(node_of)):
        node = at % len(problem.nodes)
        elsewhere = (node_of != NOBODY) & (node_of != node)
        worth = values[node] - np.where(elsewhere, values[node_of, requests], 0.0)
        now = float(worth[node_of == node].sum())
        batch, _, _ = best_beyond(problem.nodes[node].rule, problem.nodes[node].candidates, worth, QUICK)
        if float(worth[batch].sum()) > now * (1.0 + LEAST_GAIN):
            node_of[node_of == node] = NOBODY
            node_of[batch] = node
            unchanged = 0
        else:
            unchanged += 1
        if unchanged == len(problem.nodes):
            break
    return node_of
