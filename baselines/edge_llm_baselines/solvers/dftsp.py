"""DFTSP: the depth-first tree search with online tree pruning of arXiv 2405.07140, exact on every problem."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.greedy import shortest_job_first
from edge_llm_baselines.solvers.problem import BatchProblem, Solution, check_limits
from edge_llm_baselines.solvers.size_tree import SIZE, bound_parts, largest_batch, parts_of, place_of_room
from edge_llm_env.support.checking.arguments import checked

DEFAULT_NODES = 10_000_000
"""Nodes of a search that is given no limit: some seconds."""

MOST_PARTS = 2**18
"""Subproblems, each sorted several times, of a problem that is searched: some tens of seconds at 64 requests."""

NODES_BETWEEN_LOOKS, PARTS_BETWEEN_LOOKS = 2**14, 2**8
"""Work between two looks at the clock, and at what the interpreter wants."""


class DFTSP:
    """The largest feasible batch, by asking for each size z from an upper bound downward whether one exists.

    For a slack threshold and longest lengths (`edge_llm_env.solver.subproblems`) the candidates form classes of equal
    compute time and memory, each in order of bandwidth need (`edge_llm_baselines.solvers.chains`); depth k of the tree
    chooses how many of class k, and a leaf has z in all. A node is pruned when a capacity is exceeded or when even the
    cheapest completion to z requests would exceed it. `nodes` counts the nodes visited.

    With `prunes=False` it is the paper's brute-force comparison: the same tree, constraints checked at its leaves.

    The search stops after `node_limit` nodes, `DEFAULT_NODES` unless given, or with `time_limit_s` after that time, and
    then has only the nodes that are asked for; a problem of more than `MOST_PARTS` subproblems is not searched. Where
    it stops, the batch is that of shortest-job-first and `upper_bound` the size that it was working on, or the number
    of requests that can be served alone; `optimal` only if the batch happens to be of that size.

    Raises ValueError for a limit that is not positive, and for a problem whose requests are not all of equal value.
    """

    @checked
    def __init__(
        self, *, prunes: bool = True, node_limit: int | None = None, time_limit_s: float | None = None
    ) -> None:
        check_limits(node_limit, time_limit_s)
        self.prunes = prunes
        self.node_limit = node_limit
        self.time_limit_s = time_limit_s

    @checked
    def solve(self, problem: BatchProblem) -> Solution:
        """The largest feasible batch, or the best found within the limits."""
        if not problem.counts_requests:
            raise ValueError("values: DFTSP maximises the number of requests, so all must be equal")
        deadline_s = np.inf if self.time_limit_s is None else time.perf_counter() + self.time_limit_s
        most_nodes = DEFAULT_NODES if self.time_limit_s is None else np.iinfo(np.int64).max
        selected, nodes, most, finished = self._search(problem, self.node_limit or most_nodes, deadline_s)
        if not finished:
            selected = shortest_job_first(problem)
        value = problem.value(selected)
        finished = finished or int(selected.sum()) == most
        return Solution(selected, value, nodes, finished, value if finished else most * float(problem.values[0]))

    def _search(
        self, problem: BatchProblem, node_limit: int, deadline_s: float
    ) -> tuple[NDArray[np.bool_], int, int, bool]:
        """The largest batch, the nodes visited, an upper bound on its size, and whether the search finished."""
        rule, candidates = problem.rule, problem.candidates
        parts = parts_of(rule, candidates)
        selected = np.zeros(len(problem), dtype=np.bool_)
        count = len(parts.longest_s) * len(parts.longest_n) * len(parts.threshold_s)
        if count > MOST_PARTS:
            return selected, 0, len(parts.among), False
        bounds = np.zeros(count, dtype=np.int64)
        for first in range(0, count, PARTS_BETWEEN_LOOKS):
            bound_parts(rule, candidates, parts, first, min(first + PARTS_BETWEEN_LOOKS, count), bounds)
            if time.perf_counter() >= deadline_s:
                return selected, 0, len(parts.among), False
        place = place_of_room(len(parts.among))
        place.counts[SIZE] = bounds.max(initial=0)
        nodes = 0
        while True:
            most = min(node_limit - nodes, NODES_BETWEEN_LOOKS)
            found, visited = largest_batch(rule, candidates, parts, bounds, place, self.prunes, most, selected)
            nodes += visited
            size = int(place.counts[SIZE])
            if found or size == 0:
                return selected, nodes, size, True
            if nodes >= node_limit or time.perf_counter() >= deadline_s:
                return selected, nodes, size, False
