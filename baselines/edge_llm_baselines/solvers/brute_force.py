"""`BruteForce`: every subset, the ground truth for small problems."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.problem import BatchProblem, Solution
from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.feasibility.rule import Rule, is_feasible
from edge_llm_env.solver.candidates import Candidates, request_at
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.compilation.compiling import compiled


class BruteForce:
    """Try all 2^n batches and keep the first of the most valuable feasible ones.

    Nothing is pruned or assumed, so it is right whenever the feasibility rule is. Raises ValueError above `most`
    requests, as time doubles with each.
    """

    most = 20

    @checked
    def solve(self, problem: BatchProblem) -> Solution:
        """The optimum, of any values and any padding."""
        size = len(problem)
        if size > self.most:
            raise ValueError(f"problem has {size} requests: BruteForce takes at most {self.most}")
        subset = best_subset(problem.rule, problem.candidates, problem.values)
        selected = (subset >> np.arange(size)) & 1 == 1
        value = problem.value(selected)
        return Solution(selected, value, 2**size, True, value)


@compiled
def best_subset(rule: Rule, candidates: Candidates, values: NDArray[np.float64]) -> int:
    """The most valuable feasible subset, bit i for candidate i."""
    best, best_value = 0, 0.0
    for subset in range(1 << len(values)):
        batch, value = empty_batch(), 0.0
        for i in range(len(values)):
            if subset >> i & 1:
                batch = with_request(batch, request_at(candidates, i))
                value += values[i]
        if value > best_value and is_feasible(rule, batch):
            best, best_value = subset, value
    return best
