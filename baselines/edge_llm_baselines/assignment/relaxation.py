"""The relaxation of an assignment problem over batches, solved by column generation."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.columns.master import Master, master_of, refresh, solve_master
from edge_llm_baselines.assignment.columns.pool import Columns
from edge_llm_baselines.assignment.columns.pricing import QUICK, best_beyond
from edge_llm_baselines.assignment.improvement import improved
from edge_llm_baselines.assignment.incumbent import Incumbent
from edge_llm_baselines.assignment.problem import NOBODY, SeveralNodes
from edge_llm_baselines.assignment.restriction import Restriction, Split
from edge_llm_baselines.assignment.splitting import needs_at, split_of
from edge_llm_env.solver.candidates import batch_is_feasible
from edge_llm_env.solver.search_state import default_node_limit

WHOLE = 1e-4
"""Fractions of a request closer to 0 or 1 count as that; the perturbed right-hand sides are off by less."""

REFRESHED_AFTER = 50
"""Pivots of one call after which the basis is inverted anew."""

SMOOTHING = 0.5
"""Weight of the prices of the best bound so far in those that batches are searched at (P. Wentges,
"Weighted Dantzig-Wolfe decomposition", International Transactions in Operational Research 4(2), 1997)."""


class Relaxed(NamedTuple):
    """What the relaxation of a part says."""

    bound: float
    """No assignment of the part is worth more."""
    part: Restriction
    """The part without what the relaxation rules out."""
    split: Split | None
    """What to branch on; None if the bound settles the part, or it splits nobody."""


class Relaxation:
    """Relaxations of the parts of a problem, which share the batches that were found, and the work of finding them.

    All together visit `most_nodes` in their searches for batches, and a few for each search that comes after.
    """

    def __init__(self, problem: SeveralNodes, most_nodes: int) -> None:
        self.nodes_left = most_nodes
        self.problem, self.values = problem, problem.worth
        self.columns = Columns()
        self.largest = float(self.values.max(initial=0.0))
        self.ceiling = float(self.values.max(axis=0).sum())
        """No assignment is worth more."""
        self.needs = np.array([needs_at(node) for node in problem.nodes])

    def add(self, node_of: NDArray[np.int64]) -> None:
        """Let the relaxations have the batches of an assignment."""
        for node in range(len(self.values)):
            self.columns.add(node, node_of == node, self.values[node])

    def solve(self, part: Restriction, incumbent: Incumbent, deadline_s: float) -> Relaxed:
        """Add batches until none improves it, its bound is no better than the incumbent, or time or nodes are up.

        Assignments that are met on the way are offered to the incumbent. The first part must be everything.
        """
        self.add(incumbent.node_of)
        self.add(part.forced)
        requests = len(part.required)
        master = master_of(requests + len(self.problem.nodes))
        # Whoever leaves out a request that must be served is then worth less than the incumbent.
        penalty = self.ceiling - incumbent.value + self.largest
        master.slack_value[:requests] = np.where(part.required, -penalty, 0.0)
        bound, best, found = np.inf, np.zeros(requests), True
        while found and bound > incumbent.goal and self.may_go_on(deadline_s):
            self.pivot(master, part)
            prices = np.where(part.required, master.price[:requests], np.maximum(master.price[:requests], 0.0))
            smoothed = prices if np.isinf(bound) else SMOOTHING * best + (1.0 - SMOOTHING) * prices
            for at, limit in ((smoothed, QUICK), (prices, QUICK), (prices, default_node_limit(requests))):
                found, bound_at = self.price(part, at, limit)
                if bound_at < bound:
                    bound, best = bound_at, at
                if found or bound <= incumbent.goal:
                    break
        self.ceiling = min(self.ceiling, bound) if part.is_everything else self.ceiling
        if bound <= incumbent.goal or np.isinf(bound):
            return Relaxed(bound, part, None)
        served = self.served(master)
        incumbent.offer(improved(self.problem, self.rounded(served, part)))
        part = part.narrowed(self.values, best, bound, incumbent.goal)
        return Relaxed(bound, part, split_of(served, self.needs, part.required, WHOLE))

    def may_go_on(self, deadline_s: float) -> bool:
        """Whether there is time, and nodes that searches may visit."""
        return self.nodes_left > 0 and time.perf_counter() < deadline_s

    def pivot(self, master: Master, part: Restriction) -> None:
        """Let the simplex go as far as it can with the batches that there are."""
        pool, requests = self.columns.pool, len(part.required)
        is_open = self.columns.open_under(part.allowed)
        pivots = solve_master(master, pool, self.columns.count, is_open, requests, self.largest)
        if pivots > REFRESHED_AFTER:
            refresh(master, pool, requests)
            solve_master(master, pool, self.columns.count, is_open, requests, self.largest)

    def price(self, part: Restriction, prices: NDArray[np.float64], limit: int) -> tuple[bool, float]:
        """Add the batch of each node that gains most at prices of requests; whether any is new, and the bound.

        Prices of requests that need not be served are at least 0.
        """
        found, bound = False, float(prices.sum())
        gains = np.where(part.allowed, self.values - prices, 0.0)
        for at, node in enumerate(self.problem.nodes):
            most = max(1, min(limit, self.nodes_left))
            batch, gained, visited = best_beyond(node.rule, node.candidates, gains[at], most)
            self.nodes_left -= visited
            bound += gained
            found |= self.columns.add(at, batch, self.values[at])
        return found, bound

    def served(self, master: Master) -> NDArray[np.float64]:
        """Fraction of each request that each node serves, of shape (nodes, n)."""
        served, pool = np.zeros(self.values.shape), self.columns.pool
        for place in np.flatnonzero(master.basis >= 0):
            column = master.basis[place]
            requests = pool.requests[pool.begin[column] : pool.begin[column + 1]]
            served[pool.node[column], requests] += master.amount[place]
        return served

    def rounded(self, served: NDArray[np.float64], part: Restriction) -> NDArray[np.int64]:
        """A feasible assignment near fractions: pairs in their order, each if its node's batch stays feasible."""
        node_of = part.forced
        for pair in np.argsort(-served, axis=None, kind="stable"):
            node, request = divmod(int(pair), served.shape[1])
            if served[node, request] <= WHOLE:
                break
            if node_of[request] == NOBODY:
                node_of[request] = node
                of_node = self.problem.nodes[node]
                if not batch_is_feasible(of_node.rule, of_node.candidates, node_of == node):
                    node_of[request] = NOBODY
        return node_of
