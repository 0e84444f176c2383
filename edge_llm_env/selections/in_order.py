"""What selections in an order share: each request in turn, if the batch stays feasible with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.feasibility.rule import Rule, is_feasible
from edge_llm_env.solver.candidates import Candidates, request_at
from edge_llm_env.support.compilation.compiling import compiled_allocating


@compiled_allocating
def select_in_order(
    rule: Rule, candidates: Candidates, order: NDArray[np.int64], wanted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Those wanted in a given order, each if the batch stays feasible with it."""
    selected = np.zeros(len(wanted), dtype=np.bool_)
    batch = empty_batch()
    for k in range(len(order)):
        i = order[k]
        if wanted[i]:
            grown = with_request(batch, request_at(candidates, i))
            if is_feasible(rule, grown):
                batch = grown
                selected[i] = True
    return selected
