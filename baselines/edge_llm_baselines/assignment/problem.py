"""One epoch of several nodes as an optimisation problem, and what a solver of it returns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.problem import MOST_SPAN, BatchProblem
from edge_llm_env.solver.subproblems import alone_feasible
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import shown

NOBODY = -1
"""The node of a request that is served by none."""


@dataclass(frozen=True, eq=False)
class SeveralNodes:
    """Assign requests to nodes: max Σ v_ij x_ij, each request to at most one node, each node's batch feasible.

    `nodes` holds a `BatchProblem` for each node, of the same n requests in the same order: its own rule, and of each
    request what it costs there (shares of its band, slack less the time of the backhaul) and what it is worth there,
    v_ij. A request that a node cannot serve has value 0 or an infinite share there.

    Raises ValueError when there is no node, numbers of requests differ, or values above 0 are more than `MOST_SPAN`
    apart.
    """

    nodes: tuple[BatchProblem, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.nodes, tuple) or not all(isinstance(node, BatchProblem) for node in self.nodes):
            raise TypeError(f"nodes = {shown(self.nodes)}: must be a tuple of BatchProblem")
        if not self.nodes:
            raise ValueError("nodes = (): must hold at least one node")
        sizes = [len(node) for node in self.nodes]
        if len(set(sizes)) > 1:
            raise ValueError(f"nodes have {sizes} requests: must be of the same requests")
        values = self.values
        largest, smallest = values.max(initial=0.0), values.min(initial=np.inf, where=values > 0.0)
        if largest / MOST_SPAN > smallest:
            raise ValueError(
                f"values range from {smallest:g} to {largest:g}: the largest must be at most {MOST_SPAN:g} times the "
                "smallest above 0, so that sums tell them apart"
            )

    def __len__(self) -> int:
        return len(self.nodes[0])

    @property
    def values(self) -> NDArray[np.float64]:
        """What each request is worth at each node, float64 of shape (nodes, n)."""
        return np.array([node.values for node in self.nodes])

    @cached_property
    def worth(self) -> NDArray[np.float64]:
        """`values`, but 0 where a node cannot serve a request even alone; of shape (nodes, n)."""
        worth = np.zeros((len(self.nodes), len(self)))
        for of_node, node in zip(worth, self.nodes, strict=True):
            alone = alone_feasible(node.rule, node.candidates)
            of_node[alone] = node.values[alone]
        return worth

    @checked
    def batch(self, node_of: NDArray[np.int64], node: int) -> NDArray[np.bool_]:
        """Whom a node serves in an assignment, bool of shape (n,)."""
        self._check(node_of)
        return node_of == node

    @checked
    def is_feasible(self, node_of: NDArray[np.int64]) -> bool:
        """Whether every node can serve those who are assigned to it; `node_of` is of shape (n,), NOBODY of no node.

        An empty batch always can be served: a node then does nothing.
        """
        self._check(node_of)
        return all(not (batch := node_of == at).any() or node.is_feasible(batch) for at, node in enumerate(self.nodes))

    @checked
    def value(self, node_of: NDArray[np.int64]) -> float:
        """Σ v_ij over those assigned."""
        self._check(node_of)
        served = np.flatnonzero(node_of != NOBODY)
        return float(self.values[node_of[served], served].sum())

    def _check(self, node_of: NDArray[np.int64]) -> None:
        if node_of.shape != (len(self),) or node_of.dtype.kind != "i":
            raise ValueError(f"node_of = {shown(node_of)}: must be whole numbers of shape ({len(self)},)")
        if ((node_of < NOBODY) | (node_of >= len(self.nodes))).any():
            raise ValueError(f"node_of = {shown(node_of)}: every entry must be a node's index, or {NOBODY}")


class Assignment(NamedTuple):
    """Which node serves each of n requests, as a solver found it, and how good that is known to be."""

    node_of: NDArray[np.int64]
    """(n,) the node that serves each request, or NOBODY."""
    value: float
    """Σ v_ij over the requests served."""
    searched: int
    """Nodes of the search that were visited."""
    optimal: bool
    """Whether no assignment is worth more."""
    upper_bound: float
    """No assignment is worth more than this; equal to `value` when optimal."""
