"""The selection in the order of slack."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.selections.in_order import select_in_order
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.support.sorting import ascending_order


@compiled_allocating
def select_earliest_deadline_first(
    rule: Rule, candidates: Candidates, values: NDArray[np.float64], wanted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Those wanted in the order of their slack, between equals the first come first, bool of shape (n,)."""
    return select_in_order(rule, candidates, ascending_order(candidates.slack_s), wanted)
