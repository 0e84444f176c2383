"""Selections in an order: each request in turn, if the batch stays feasible with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.feasibility.rule import Rule, is_feasible
from edge_llm_env.solver.candidates import Candidates, request_at
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.support.sorting import ascending_order


@compiled_allocating
def select_first_come_first_served(rule: Rule, candidates: Candidates, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Those wanted in the order of arrival, bool of shape (n,)."""
    arrived = np.empty(len(wanted), dtype=np.int64)
    for i in range(len(wanted)):
        arrived[i] = i
    return select_in_order(rule, candidates, arrived, wanted)


@compiled_allocating
def select_earliest_deadline_first(rule: Rule, candidates: Candidates, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Those wanted in the order of their slack, between equals the first come first, bool of shape (n,)."""
    return select_in_order(rule, candidates, ascending_order(candidates.slack_s), wanted)


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
