"""`MilpSolver`: the epoch problem as a mixed-integer program, for HiGHS through `scipy.optimize.milp`."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.milp_model import MilpModel, model_of
from edge_llm_baselines.solvers.problem import BatchProblem, Solution, check_limits
from edge_llm_env.support.checking.arguments import checked

DEFAULT_NODES = 100_000
"""Nodes of HiGHS that is given no limit."""

LIMIT_REACHED = 1
"""`status` of `scipy.optimize.milp` when a limit stopped it."""

MOST_NODES = int(np.iinfo(np.int32).max)
"""That HiGHS can count."""


class MilpSolver:
    """The most valuable feasible batch, by HiGHS: a second opinion, and what `BranchAndBound` is timed against.

    See `edge_llm_baselines.solvers.milp_model` for the program. HiGHS takes sums that exceed a capacity by its own
    tolerance, 10⁻⁹ of the capacity, for feasible; where the feasibility rule rejects its batch, that loses its least
    valuable requests until it is accepted, and the solution is not called optimal. Otherwise `optimal` and
    `upper_bound` are what HiGHS reports, with its relative gap set to 0; its absolute gap stays at 1e-6 of the largest
    value. `nodes` counts its branch-and-bound nodes. Where sums meet a capacity to the last bit HiGHS can be wrong
    about both: of 20,160 instances it called one batch of 5 requests optimal where all other solvers find 6.

    It stops after `node_limit` nodes, `DEFAULT_NODES` unless given, or with `time_limit_s` after that time, and then
    has only the nodes that are asked for.

    Raises ValueError for a limit that is not positive or of more than `MOST_NODES`, RuntimeError if HiGHS fails.
    """

    @checked
    def __init__(self, time_limit_s: float | None = None, *, node_limit: int | None = None) -> None:
        check_limits(node_limit, time_limit_s)
        self.time_limit_s = time_limit_s
        self.node_limit = highs_nodes(node_limit, time_limit_s)

    @checked
    def solve(self, problem: BatchProblem) -> Solution:
        """The optimum, or the best found within the limit."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        begun_s = time.perf_counter()
        model = model_of(problem)
        if len(model.among) == 0:
            return Solution(np.zeros(len(problem), dtype=np.bool_), 0.0, 0, True, 0.0)
        limit_s = np.inf if self.time_limit_s is None else self.time_limit_s - (time.perf_counter() - begun_s)
        objective, unit = scaled(model.value)
        result = milp(
            -objective,
            integrality=np.ones(len(objective), dtype=np.int64),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(model.rows, -np.inf, model.limit),
            options={"mip_rel_gap": 0.0, "time_limit": max(limit_s, 1e-3), "node_limit": self.node_limit},
        )
        if result.x is None and result.status != LIMIT_REACHED:
            raise RuntimeError(f"HiGHS: {result.message}")
        return self._solution(problem, model, result, unit)

    def _solution(self, problem: BatchProblem, model: MilpModel, result: object, unit: float) -> Solution:
        selected = np.zeros(len(problem), dtype=np.bool_)
        x = getattr(result, "x", None)
        if x is not None:
            selected[model.among[model.owner[x[: len(model.owner)] > 0.5]]] = True
        accepted = drop_until_feasible(problem, selected)
        most = float(problem.values[model.among].sum())
        optimal = getattr(result, "status", None) == 0 and accepted
        value = problem.value(selected)
        if optimal:
            return Solution(selected, value, node_count(result), True, value)
        known = min(dual_bound(result, unit), most)
        return Solution(selected, value, node_count(result), False, max(known, value))


def scaled(value: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Values as parts of the largest, and the largest: HiGHS takes what its gap of 1e-6 covers for equal."""
    largest = float(value.max())
    return value / largest, largest


def dual_bound(result: object, unit: float) -> float:
    """What no solution is worth more than, by a result of HiGHS in such units; infinite where it does not say."""
    bound = getattr(result, "mip_dual_bound", None)
    return np.inf if bound is None or not np.isfinite(bound) else -float(bound) * unit


def highs_nodes(node_limit: int | None, time_limit_s: float | None) -> int:
    """The limit in nodes to give to HiGHS; raises ValueError for one that it cannot count."""
    if node_limit is None:
        return DEFAULT_NODES if time_limit_s is None else MOST_NODES
    if node_limit > MOST_NODES:
        raise ValueError(f"node_limit = {node_limit}: must be at most {MOST_NODES}, which HiGHS can count, or None")
    return node_limit


def node_count(result: object) -> int:
    """Branch-and-bound nodes of a result of HiGHS; 0 where it does not say."""
    return int(getattr(result, "mip_node_count", None) or 0)


def drop_until_feasible(problem: BatchProblem, selected: NDArray[np.bool_]) -> bool:
    """Drop the least valuable requests until the feasibility rule accepts the batch; whether none had to go."""
    accepted = True
    while selected.any() and not problem.is_feasible(selected):
        accepted = False
        chosen = np.flatnonzero(selected)
        selected[chosen[np.argmin(problem.values[chosen])]] = False
    return accepted
