"""`LevelsMilp`: an epoch of service levels as one mixed-integer program, for HiGHS."""

from __future__ import annotations

import numpy as np
from scipy.sparse import block_diag, csr_array, vstack

from edge_llm_baselines.levels.exact.problem import Choice, LevelsProblem
from edge_llm_baselines.solvers.milp import scaled
from edge_llm_baselines.solvers.milp_model import model_of
from edge_llm_env.feasibility.rule import TOLERANCE


class LevelsMilp:
    """The most valuable choice, by HiGHS: a second opinion.

    The programs of all groups (`edge_llm_baselines.solvers.milp_model`) side by side, a row for each request that lets
    one group serve it at one compression, and one for each band.

    Raises RuntimeError where HiGHS fails, or ends with what the feasibility rule refuses.
    """

    def solve(self, problem: LevelsProblem) -> Choice:
        """The optimum."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        models = {at: model for at, group in enumerate(problem.groups) if len((model := model_of(group)).among) > 0}
        choice = problem.nobody()
        if not models:
            return choice
        value, _ = scaled(np.concatenate([model.value for model in models.values()]))
        request, shares = np.full(len(value), -1), np.zeros((2, len(value)))
        group_of, compression_of = np.zeros_like(request), np.zeros_like(request)
        first = 0
        for at, model in models.items():
            columns, items = slice(first, first + len(model.owner)), model.among[model.owner]
            request[columns], compression_of[columns] = np.divmod(items, problem.compressions)
            group_of[columns] = at
            shares[:, columns] = problem.shares[:, at].reshape(2, -1)[:, items]
            first += len(model.value)
        chosen = np.flatnonzero(request >= 0)
        once = csr_array((np.ones(len(chosen)), (request[chosen], chosen)), shape=(len(problem), len(value)))
        rows = vstack([block_diag([model.rows for model in models.values()]), once, csr_array(shares)], format="csr")
        limits = [*(model.limit for model in models.values()), np.ones(len(problem)), np.full(2, 1.0 + TOLERANCE)]
        result = milp(
            -value,
            integrality=np.ones(len(value), dtype=np.int64),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(rows, -np.inf, np.concatenate(limits)),
            options={"mip_rel_gap": 0.0},
        )
        if result.x is None:
            raise RuntimeError(f"HiGHS: {result.message}")
        taken = chosen[result.x[chosen] > 0.5]
        choice.group_of[request[taken]] = group_of[taken]
        choice.compression_of[request[taken]] = compression_of[taken]
        if not problem.is_feasible(choice):
            raise RuntimeError("HiGHS: its tolerance let pass what the feasibility rule does not")
        return choice
