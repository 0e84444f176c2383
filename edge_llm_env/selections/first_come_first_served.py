"""The selection in the order of arrival."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.selections.in_order import select_in_order
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.support.compilation.compiling import compiled_allocating


@compiled_allocating
def select_first_come_first_served(
    rule: Rule, candidates: Candidates, values: NDArray[np.float64], wanted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Those wanted in the order of arrival, bool of shape (n,)."""
    arrived = np.empty(len(wanted), dtype=np.int64)
    for i in range(len(wanted)):
        arrived[i] = i
    return select_in_order(rule, candidates, arrived, wanted)
