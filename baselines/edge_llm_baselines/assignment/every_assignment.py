"""`EveryAssignment`: every subset for every node, the ground truth for small problems of several nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.problem import NOBODY, Assignment, SeveralNodes
from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.feasibility.rule import Rule, is_feasible
from edge_llm_env.solver.candidates import Candidates, request_at
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating


class EveryAssignment:
    """Try, node after node, every batch out of every set of requests that are left, and keep the most valuable.

    Nothing is pruned or assumed, so it is right whenever the feasibility rule is. Raises ValueError above `most`
    requests, as time triples with each.
    """

    most = 12

    @checked
    def solve(self, problem: SeveralNodes) -> Assignment:
        """The optimum, of any values."""
        size = len(problem)
        if size > self.most:
            raise ValueError(f"problem has {size} requests: EveryAssignment takes at most {self.most}")
        best, choices = np.zeros(2**size), []
        for node in problem.nodes:
            worth = worth_of_subsets(node.rule, node.candidates, node.values)
            best, chosen = with_node(best, worth)
            choices.append(chosen)
        node_of, left = np.full(size, NOBODY, dtype=np.int64), 2**size - 1
        for at in reversed(range(len(problem.nodes))):
            batch = int(choices[at][left])
            node_of[(batch >> np.arange(size)) & 1 == 1] = at
            left &= ~batch
        value = problem.value(node_of)
        return Assignment(node_of, value, len(problem.nodes) * 3**size, True, value)


@compiled_allocating
def worth_of_subsets(rule: Rule, candidates: Candidates, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each subset is worth to a node, float64 of shape (2^n,), bit i for request i; -inf if it is not feasible."""
    worth = np.zeros(1 << len(values))
    for subset in range(1, len(worth)):
        batch = empty_batch()
        for i in range(len(values)):
            if subset >> i & 1:
                batch = with_request(batch, request_at(candidates, i))
                worth[subset] += values[i]
        if not is_feasible(rule, batch):
            worth[subset] = -np.inf
    return worth


@compiled
def best_part(before: NDArray[np.float64], worth: NDArray[np.float64], whole: int) -> int:
    """The subset of `whole` that a node best takes, what it leaves being for the nodes before it."""
    best, part = 0, whole
    while part > 0:
        if worth[part] + before[whole ^ part] > worth[best] + before[whole ^ best]:
            best = part
        part = (part - 1) & whole
    return best


@compiled_allocating
def with_node(before: NDArray[np.float64], worth: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The most that each set of requests is worth to the nodes so far and one more, and what that one then takes."""
    after, chosen = np.empty(len(before)), np.empty(len(before), dtype=np.int64)
    for whole in range(len(before)):
        chosen[whole] = best_part(before, worth, whole)
        after[whole] = worth[chosen[whole]] + before[whole ^ chosen[whole]]
    return after, chosen
