"""Whom the node computes among those that could be: its own choice of a batch, where an agent does not make it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.selections.exact import select_exact
from edge_llm_env.dynamics.selections.in_order import select_earliest_deadline_first, select_first_come_first_served
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.scenarios.sections.batch_selections import EARLIEST_DEADLINE_FIRST, EXACT
from edge_llm_env.solver.candidates import Candidates, batch_is_feasible
from edge_llm_env.support.compilation.compiling import compiled_allocating


@compiled_allocating
def select_batch(
    rule: Rule, candidates: Candidates, values: NDArray[np.float64], batch_selection: int
) -> NDArray[np.bool_]:
    """The batch that the node computes, bool of shape (n,): by BATCH_SELECTIONS, and only what is of positive value."""
    wanted = values > 0.0
    if batch_is_feasible(rule, candidates, wanted):
        return wanted
    if batch_selection == EXACT:
        return select_exact(rule, candidates, values, wanted)
    if batch_selection == EARLIEST_DEADLINE_FIRST:
        return select_earliest_deadline_first(rule, candidates, wanted)
    return select_first_come_first_served(rule, candidates, wanted)
