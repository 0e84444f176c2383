"""The exact selection: a most valuable feasible batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.solver.best_first import best_batch
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.solver.search_state import default_node_limit
from edge_llm_env.support.compilation.compiling import compiled_allocating


@compiled_allocating
def select_exact(
    rule: Rule, candidates: Candidates, values: NDArray[np.float64], wanted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """A most valuable feasible batch of those wanted, bool of shape (n,); the best found within the default limit."""
    limit = default_node_limit(len(values))
    selected, _, _, _ = best_batch(rule, candidates, values, limit, limit)
    return selected & wanted
