"""Parts of the space of assignments, as branching on request-node pairs makes them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.problem import NOBODY, SeveralNodes


class Split(NamedTuple):
    """What to branch on."""

    request: int
    on_nodes: bool
    """Which node serves it; else whether any does."""


class Restriction(NamedTuple):
    """The assignments in which some requests must be served, and some nodes do not serve some."""

    allowed: NDArray[np.bool_]
    """(nodes, n) which node may serve which request."""
    required: NDArray[np.bool_]
    """(n,) which requests must be served, by one of the nodes that may."""

    @property
    def is_everything(self) -> bool:
        """Whether nothing is restricted."""
        return bool(self.allowed.all()) and not self.required.any()

    @property
    def forced(self) -> NDArray[np.int64]:
        """(n,) the node that must serve each request, as no other may; NOBODY of the others."""
        only_one = self.required & (self.allowed.sum(axis=0) == 1)
        return np.where(only_one, self.allowed.argmax(axis=0), NOBODY)

    def with_request(self, request: int) -> Restriction:
        """Those in which somebody serves the request."""
        required = self.required.copy()
        required[request] = True
        return Restriction(self.allowed, required)

    def without_request(self, request: int) -> Restriction:
        """Those in which nobody serves the request."""
        allowed = self.allowed.copy()
        allowed[:, request] = False
        return Restriction(allowed, self.required)

    def with_pair(self, node: int, request: int) -> Restriction:
        """Those in which the node serves the request."""
        others = self.without_request(request)
        others.allowed[node, request] = True
        return others.with_request(request)

    def is_feasible(self, problem: SeveralNodes) -> bool:
        """Whether there may be any: costs are monotone, so those who have no choice must be feasible by themselves."""
        return not (self.required & ~self.allowed.any(axis=0)).any() and problem.is_feasible(self.forced)

    def children(self, split: Split) -> list[Restriction]:
        """The parts that a split makes of it."""
        if not split.on_nodes:
            return [self.with_request(split.request), self.without_request(split.request)]
        of_nodes = [self.with_pair(int(node), split.request) for node in np.flatnonzero(self.allowed[:, split.request])]
        return of_nodes if self.required[split.request] else [*of_nodes, self.without_request(split.request)]

    def narrowed(
        self, values: NDArray[np.float64], prices: NDArray[np.float64], bound: float, goal: float
    ) -> Restriction:
        """Without assignments that are worth less than `goal`, as far as the bound at prices of requests tells.

        A request of price π lowers the bound by π where nobody serves it; a node that serves one worth v < π to it
        lowers it by π - v, since its batch without that request was feasible too.
        """
        required = self.required | (bound - prices < goal)
        allowed = self.allowed & (bound + np.minimum(values - prices, 0.0) >= goal)
        return Restriction(allowed, required)


def everything(nodes: int, requests: int) -> Restriction:
    """All assignments."""
    return Restriction(np.ones((nodes, requests), dtype=np.bool_), np.zeros(requests, dtype=np.bool_))
