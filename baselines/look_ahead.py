"""A rule that looks one epoch ahead, and needs no learning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from baselines.branch_and_bound import BranchAndBound
from baselines.problem import BatchProblem, Candidates, Solution, Solver, request_at
from edge_llm_env.compiling import compiled
from edge_llm_env.dynamics.feasibility import Request, Rule, empty_batch, fits_node, with_request


class LookAhead:
    """The best batch when serving a request that could wait is worth δ less than one that could not.

    The weighted epoch problem with v_i = 1 - δ·w_i, where w_i is 1 if request i could still be served alone one epoch
    later (by its latency and the memory; its channel then is not known yet) and 0 otherwise. With δ = 0 it is DFTSP's
    objective. `discount` is δ, in 0..1; `epoch_s` is the length of an epoch (s).

    Raises ValueError for a discount outside 0..1.
    """

    def __init__(self, discount: float, epoch_s: float, solver: Solver | None = None) -> None:
        if not 0.0 <= discount <= 1.0:
            raise ValueError(f"discount = {discount}: must be in 0..1")
        self.discount = discount
        self.epoch_s = epoch_s
        self.solver = solver or BranchAndBound()

    def solve(self, problem: BatchProblem) -> Solution:
        """The batch; `value` and `upper_bound` are in the weighted values that it maximises."""
        can_wait = np.zeros(len(problem), dtype=np.bool_)
        still_servable(problem.rule, problem.candidates, self.epoch_s, can_wait)
        return self.solver.solve(replace(problem, values=problem.values * (1.0 - self.discount * can_wait)))


@compiled
def still_servable(rule: Rule, candidates: Candidates, later_s: float, servable: NDArray[np.bool_]) -> None:
    """Write which candidates the node could still serve alone `later_s` seconds later."""
    for i in range(len(servable)):
        now = request_at(candidates, i)
        then = Request(
            now.prompt_tokens,
            now.output_tokens,
            now.slack_s - later_s,
            now.uplink_share,
            now.downlink_share,
            now.compute_s,
            now.memory_bytes,
        )
        servable[i] = fits_node(rule, with_request(empty_batch(), then))


def best_discount(served_with: dict[float, Sequence[int]]) -> float:
    """The discount that served most in total, the smallest of equal ones; raises ValueError for none."""
    if not served_with:
        raise ValueError("served_with: must have at least one discount")
    return min(served_with, key=lambda discount: (-sum(served_with[discount]), discount))
