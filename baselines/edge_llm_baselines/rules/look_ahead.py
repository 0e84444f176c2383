"""A rule that looks one epoch ahead, and needs no learning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_baselines.solvers.greedy import compute_times_alone_s
from edge_llm_baselines.solvers.problem import BatchProblem, Solution, Solver
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.support.checking.arguments import checked

GRID = 1024
"""Values are rounded up to multiples of 1/GRID of the largest: `BranchAndBound` is faster where they are multiples of
one number."""


class LookAhead:
    """The best batch when serving a request that could wait is worth up to δ less than serving one that could not.

    The weighted epoch problem with v_i = 1 - δ·P_i, where P_i stands for the probability that request i can still be
    served in the next epoch. Next epoch it can begin at most

        margin_i = slack_i - T_E - t_i

    seconds late, t_i being its compute time alone. Without a margin it is lost (P_i = 0). With a small one only a short
    batch could serve it, which a busy node rarely runs; with a margin of a whole epoch any batch can, and if need be
    one of the epoch after that (P_i = 1). In between P_i grows in proportion: P_i = min(1, max(0, margin_i / T_E)).
    With δ = 0 this is DFTSP's objective.

    `discount` is δ, tuned once per scenario by `edge_llm_baselines.rules.tuning`; less than 1, as a request worth
    nothing is left even where there is room. `epoch_s` is T_E (s). Uses only what the observation tells.

    Raises ValueError for a discount outside 0 ≤ δ < 1, or an epoch that is not positive and finite.
    """

    @checked
    def __init__(self, discount: float, epoch_s: float, solver: Solver | None = None) -> None:
        if not 0.0 <= discount < 1.0:
            raise ValueError(f"discount = {discount}: must be at least 0 and less than 1")
        if not 0.0 < epoch_s < np.inf:
            raise ValueError(f"epoch_s = {epoch_s}: must be greater than 0 and finite")
        self.discount = discount
        self.epoch_s = epoch_s
        self.solver = solver or BranchAndBound()

    @checked
    def solve(self, problem: BatchProblem) -> Solution:
        """The batch; `value` and `upper_bound` are in the discounted values that it maximises."""
        values = problem.values * (1.0 - self.discount * self.chances_to_wait(problem))
        values = on_grid(values, float(problem.values.max(initial=0.0)))
        return self.solver.solve(replace(problem, values=values))

    @checked
    def chances_to_wait(self, problem: BatchProblem) -> NDArray[np.float64]:
        """P_i of each request, float64 of shape (n,)."""
        alone_s = np.empty(len(problem))
        compute_times_alone_s(problem.rule, problem.candidates, alone_s)
        return chances_to_wait(problem.candidates.slack_s, alone_s, self.epoch_s)


def chances_to_wait(slack_s: NDArray[np.float64], alone_s: NDArray[np.float64], epoch_s: float) -> NDArray[np.float64]:
    """P_i, of the shape of `slack_s` and of the compute times alone."""
    return np.clip((slack_s - epoch_s - alone_s) / epoch_s, 0.0, 1.0)


def chances_in_slots(simulation: Simulation) -> NDArray[np.float64]:
    """P_i of the request in every slot of every row, shape (rows, Q); any number in slots that are not in use."""
    state = simulation.state
    alone_s = state.slot_compute_s + state.slot_transfer_s
    return chances_to_wait(state.slot_slack_s, alone_s, simulation.params.epoch_s)


def on_grid(values: NDArray[np.float64], largest: float = 1.0) -> NDArray[np.float64]:
    """Values rounded up to multiples of 1/GRID of the largest that they can be."""
    return np.ceil(values / largest * GRID) / GRID * largest if largest > 0.0 else values
