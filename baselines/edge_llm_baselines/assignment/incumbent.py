"""The best assignment that a search has found, and what would be better."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.problem import NOBODY, SeveralNodes
from edge_llm_env.solver.search_state import common_step

RELATIVE = 1e-9
"""Values that differ by less, relative to the larger, count as equal."""

ROUNDING = 1e-6
"""What bounds may be off by, in steps of values that are whole multiples of one."""


class Incumbent:
    """The best assignment so far, at first that which serves nobody."""

    def __init__(self, problem: SeveralNodes) -> None:
        self.problem = problem
        self.node_of = np.full(len(problem), NOBODY, dtype=np.int64)
        self.value = 0.0
        values = problem.worth
        self.step = float(common_step(values.ravel(), np.inf, float(values.sum())))

    def offer(self, node_of: NDArray[np.int64]) -> None:
        """Take a feasible assignment if it is worth more."""
        value = self.problem.value(node_of)
        if value > self.value:
            self.node_of, self.value = node_of, value

    @property
    def goal(self) -> float:
        """What bounds must exceed for there to be anything better."""
        return max(self.value + self.step * (1.0 - ROUNDING), self.value * (1.0 + RELATIVE))

    def possible(self, bound: float) -> float:
        """The largest value up to a bound that an assignment may have."""
        return bound if self.step == 0.0 else float(np.floor(bound / self.step + ROUNDING)) * self.step
