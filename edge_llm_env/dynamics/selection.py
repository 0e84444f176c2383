"""Whom the node computes among those that could be: its own choice of a batch, where an agent does not make it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.compiling import compiled_allocating
from edge_llm_env.dynamics.feasibility import Rule, empty_batch, is_feasible, with_request
from edge_llm_env.dynamics.state import EARLIEST_DEADLINE_FIRST, EXACT
from edge_llm_env.optimum.best_first import best_batch
from edge_llm_env.optimum.candidates import Candidates, batch_is_feasible, request_at

NO_LIMIT = np.iinfo(np.int64).max


@compiled_allocating
def select_batch(
    rule: Rule, candidates: Candidates, values: NDArray[np.float64], batch_selection: int
) -> NDArray[np.bool_]:
    """The batch that the node computes, bool of shape (n,): by BATCH_SELECTIONS, and only what is of positive value.

    `exact`: a most valuable feasible batch. In an order: each request in turn, if the batch stays feasible with it;
    the deadline's order is that of the slack, and between equals the first come is first.
    """
    size = len(values)
    wanted = values > 0.0
    if batch_is_feasible(rule, candidates, wanted):
        return wanted
    if batch_selection == EXACT:
        selected, _, _, _ = best_batch(rule, candidates, values, NO_LIMIT)
        return selected & wanted
    order = np.arange(size)
    if batch_selection == EARLIEST_DEADLINE_FIRST:
        order = np.argsort(candidates.slack_s, kind="mergesort")
    selected = np.zeros(size, dtype=np.bool_)
    batch = empty_batch()
    for k in range(size):
        i = order[k]
        if wanted[i]:
            grown = with_request(batch, request_at(candidates, i))
            if is_feasible(rule, grown):
                batch = grown
                selected[i] = True
    return selected
