"""`BranchAndPrice`: the most valuable assignment to several nodes, exactly."""

from __future__ import annotations

import heapq
import time
from itertools import count

import numpy as np

from edge_llm_baselines.assignment.gah import in_turn
from edge_llm_baselines.assignment.improvement import improved
from edge_llm_baselines.assignment.incumbent import Incumbent
from edge_llm_baselines.assignment.problem import Assignment, SeveralNodes
from edge_llm_baselines.assignment.relaxation import Relaxation
from edge_llm_baselines.assignment.restriction import everything
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.problem import check_limits
from edge_llm_env.solver.search_state import default_node_limit
from edge_llm_env.support.checking.arguments import checked


class BranchAndPrice:
    """The most valuable assignment of requests to nodes, of any values.

    1. `GAH`, each node being the first once, and improved node by node, gives the first assignments.
    2. The relaxation chooses fractions of batches (`edge_llm_baselines.assignment.relaxation`); batches that would
       improve it are found by the search behind `BranchAndBound`, a request being worth what exceeds its price.
    3. At any prices π no assignment is worth more than Σ π_i + Σ_j max over batches of j of Σ (v_ij - π_i): the bound
       that all is pruned by holds whatever a simplex rounds. It also tells which requests must be served, and which
       pairs of a request and a node cannot be, for anything better.
    4. Where the relaxation splits a request, a part of the search serves it and one does not; where it splits it among
       nodes, each of these has a part (branch and price: C. Barnhart et al., Operations Research 46(3), 1998; of
       generalised assignment: M. Savelsbergh, Operations Research 45(6), 1997).

    Values count as equal within one part in 10⁹.
    `searched` counts parts. It stops after `node_limit` parts, with `time_limit_s` after that time, and without that
    once its searches for batches have visited as many nodes as one of `BranchAndBound` may, some seconds of work. It
    then has the best assignment found, `optimal=False` and a valid `upper_bound`. Raises ValueError for a limit that is
    not positive.
    """

    @checked
    def __init__(self, node_limit: int | None = None, time_limit_s: float | None = None) -> None:
        check_limits(node_limit, time_limit_s)
        self.node_limit = node_limit
        self.time_limit_s = time_limit_s

    @checked
    def solve(self, problem: SeveralNodes) -> Assignment:
        """The optimum, or the best found within the limits."""
        deadline_s = np.inf if self.time_limit_s is None else time.perf_counter() + self.time_limit_s
        most_nodes = default_node_limit(len(problem)) if self.time_limit_s is None else int(np.iinfo(np.int64).max)
        incumbent, relaxation = Incumbent(problem), Relaxation(problem, most_nodes)
        nodes = range(len(problem.nodes))
        for first in nodes:
            node_of = improved(problem, in_turn(problem, BranchAndBound(), (*nodes[first:], *nodes[:first])).node_of)
            incumbent.offer(node_of)
            relaxation.add(node_of)
        order, visited, unsettled = count(), 0, -np.inf
        waiting = [(-relaxation.ceiling, next(order), everything(*problem.worth.shape))]
        while waiting and (at_most := -waiting[0][0]) > incumbent.goal:
            if visited == self.node_limit or not relaxation.may_go_on(deadline_s):
                unsettled = max(unsettled, at_most)
                break
            part = heapq.heappop(waiting)[2]
            visited += 1
            relaxed = relaxation.solve(part, incumbent, deadline_s)
            bound = min(at_most, relaxed.bound)
            if bound <= incumbent.goal:
                continue
            if relaxed.split is None:
                unsettled = max(unsettled, bound)
                continue
            for child in relaxed.part.children(relaxed.split):
                if child.is_feasible(problem):
                    heapq.heappush(waiting, (-bound, next(order), child))
        optimal = unsettled <= incumbent.goal
        bound = incumbent.value if optimal else max(incumbent.value, incumbent.possible(unsettled))
        return Assignment(incumbent.node_of, incumbent.value, visited, optimal, bound)
