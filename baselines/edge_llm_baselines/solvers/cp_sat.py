"""`CpSatSolver`: the epoch problem for CP-SAT, a third opinion that works with whole numbers only."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.milp_model import CAPACITY, MilpModel, model_of
from edge_llm_baselines.solvers.problem import BatchProblem, Solution, check_limits

UNIT = 2**24
"""Parts that a capacity is divided into. Not more: at 2^36 CP-SAT 9.15 has called suboptimal batches optimal."""


DEFAULT_CONFLICTS = 10_000_000
"""Dead ends of a search that is given no limit: CP-SAT counts these rather than nodes."""


class CpSatSolver:
    """The most valuable feasible batch, by CP-SAT of OR-Tools (extra `dev`) on one thread.

    Coefficients become whole multiples of a capacity's 2⁻²⁴: rounded up, and limits down, so that every batch it finds
    is feasible; with `lenient=True` the other way round, so that no feasible batch is lost. Where both find the same
    value, that is the optimum; where they do not, something lies at the edge of a capacity and CP-SAT cannot tell.
    `optimal` says that the rounded program was solved to its end, and `upper_bound` is of that program. It stops after
    `time_limit_s`, without one after `DEFAULT_CONFLICTS` conflicts.

    Raises ValueError for a limit that is not positive, ImportError without OR-Tools.
    """

    def __init__(self, time_limit_s: float | None = None, *, lenient: bool = False) -> None:
        check_limits(None, time_limit_s)
        self.time_limit_s = time_limit_s
        self.lenient = lenient

    def solve(self, problem: BatchProblem) -> Solution:
        """The optimum of the rounded program, or the best found within the limit."""
        from ortools.sat.python import cp_model  # not at the top: it is not a dependency

        selected = np.zeros(len(problem), dtype=np.bool_)
        model = model_of(problem)
        if len(model.among) == 0:
            return Solution(selected, 0.0, 0, True, 0.0)
        program = cp_model.CpModel()
        variables = [program.new_bool_var("") for _ in model.value]
        for columns, coefficients, most in rounded_rows(model, self.lenient):
            chosen = [variables[column] for column in columns]
            program.add(cp_model.LinearExpr.weighted_sum(chosen, coefficients) <= most)
        unit = value_unit(model.value)
        worth = [round(value / unit) for value in model.value]
        program.maximize(cp_model.LinearExpr.weighted_sum(variables, worth))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        if self.time_limit_s is not None:
            solver.parameters.max_time_in_seconds = self.time_limit_s
        else:
            solver.parameters.max_number_of_conflicts = DEFAULT_CONFLICTS
        status = solver.solve(program)
        total = float(problem.values[model.among].sum())
        if status == cp_model.INFEASIBLE:  # not even the empty batch: the node cannot hold its weights
            return Solution(selected, 0.0, solver.num_branches, True, 0.0)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Solution(selected, 0.0, solver.num_branches, False, total)
        served = [bool(solver.value(variable)) for variable in variables[: len(model.owner)]]
        selected[model.among[model.owner[served]]] = True
        value = problem.value(selected)
        if status == cp_model.OPTIMAL:
            return Solution(selected, value, solver.num_branches, True, value)
        bound = min(solver.best_objective_bound * unit, total)
        return Solution(selected, value, solver.num_branches, False, max(value, bound))


def rounded_rows(model: MilpModel, lenient: bool) -> list[tuple[list[int], list[int], int]]:
    """Columns, whole coefficients and whole limit of each row of a program."""
    cost, limit = (math.floor, math.ceil) if lenient else (math.ceil, math.floor)
    rows = model.rows.tocsr()
    rounded = []
    for row in range(rows.shape[0]):
        begin, end = rows.indptr[row], rows.indptr[row + 1]
        coefficients, most = rows.data[begin:end], float(model.limit[row])
        if most % 1.0 != 0.0 or (coefficients % 1.0 != 0.0).any():
            coefficients, most = coefficients * (UNIT / CAPACITY), most * (UNIT / CAPACITY)
        rounded.append((rows.indices[begin:end].tolist(), [cost(entry) for entry in coefficients], limit(most)))
    return rounded


def value_unit(values: NDArray[np.float64]) -> float:
    """What values are counted in: exact where all are whole or equal, else a small part of the largest."""
    positive = values[values > 0.0]
    if (positive == positive[0]).all():
        return float(positive[0])
    return 1.0 if (positive % 1.0 == 0.0).all() else float(positive.max()) / UNIT
