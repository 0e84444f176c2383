"""`AssignmentMilp`: several nodes as one mixed-integer program, for HiGHS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_diag, csr_array, vstack

from edge_llm_baselines.assignment.problem import NOBODY, Assignment, SeveralNodes
from edge_llm_baselines.solvers.milp import (
    LIMIT_REACHED,
    drop_until_feasible,
    dual_bound,
    highs_nodes,
    node_count,
    scaled,
)
from edge_llm_baselines.solvers.milp_model import MilpModel, model_of
from edge_llm_baselines.solvers.problem import check_limits
from edge_llm_env.support.checking.arguments import checked


class AssignmentMilp:
    """The most valuable assignment, by HiGHS: a second opinion, and what `BranchAndPrice` is timed against.

    The programs of all nodes (`edge_llm_baselines.solvers.milp_model`) side by side, and for each request a row that
    lets one of them at most serve it. What HiGHS's tolerance lets pass and the feasibility rule does not is treated as
    `MilpSolver` does: such a solution is not called optimal.

    Raises ValueError for a limit that `MilpSolver` refuses, RuntimeError if HiGHS fails.
    """

    @checked
    def __init__(self, time_limit_s: float | None = None, *, node_limit: int | None = None) -> None:
        check_limits(node_limit, time_limit_s)
        self.time_limit_s = time_limit_s
        self.node_limit = highs_nodes(node_limit, time_limit_s)

    @checked
    def solve(self, problem: SeveralNodes) -> Assignment:
        """The optimum, or the best found within the limit."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        models = {at: model for at, node in enumerate(problem.nodes) if len((model := model_of(node)).among) > 0}
        if not models:
            return Assignment(np.full(len(problem), NOBODY, dtype=np.int64), 0.0, 0, True, 0.0)
        value, unit = scaled(np.concatenate([model.value for model in models.values()]))
        rows = [block_diag([model.rows for model in models.values()], format="csr"), once_each(models, len(problem))]
        limits = [*(model.limit for model in models.values()), np.ones(len(problem))]
        result = milp(
            -value,
            integrality=np.ones(len(value), dtype=np.int64),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(vstack(rows, format="csr"), -np.inf, np.concatenate(limits)),
            options={
                "mip_rel_gap": 0.0,
                "time_limit": np.inf if self.time_limit_s is None else self.time_limit_s,
                "node_limit": self.node_limit,
            },
        )
        if result.x is None and result.status != LIMIT_REACHED:
            raise RuntimeError(f"HiGHS: {result.message}")
        node_of, accepted = assignment_of(problem, models, result.x)
        found, most = problem.value(node_of), float(problem.worth.max(axis=0).sum())
        if result.status == 0 and accepted:
            return Assignment(node_of, found, node_count(result), True, found)
        known = min(dual_bound(result, unit), most)
        return Assignment(node_of, found, node_count(result), False, max(known, found))


def once_each(models: dict[int, MilpModel], requests: int) -> csr_array:
    """A row for each request, over the variables of all nodes: those that serve it."""
    ends = np.cumsum([0, *(len(model.value) for model in models.values())])
    served = np.concatenate([model.among[model.owner] for model in models.values()])
    columns = np.concatenate(
        [first + np.arange(len(model.owner)) for first, model in zip(ends[:-1], models.values(), strict=True)]
    )
    return csr_array((np.ones(len(served)), (served, columns)), shape=(requests, int(ends[-1])))


def assignment_of(
    problem: SeveralNodes, models: dict[int, MilpModel], x: NDArray[np.float64] | None
) -> tuple[NDArray[np.int64], bool]:
    """The assignment that values of all variables stand for, and whether the feasibility rule accepts it as it is."""
    node_of, accepted, first = np.full(len(problem), NOBODY, dtype=np.int64), True, 0
    for at, model in models.items():
        selected = np.zeros(len(problem), dtype=np.bool_)
        if x is not None:
            selected[model.among[model.owner[x[first : first + len(model.owner)] > 0.5]]] = True
        accepted &= drop_until_feasible(problem.nodes[at], selected)
        node_of[selected] = at
        first += len(model.value)
    return node_of, accepted
