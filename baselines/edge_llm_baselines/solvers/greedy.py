"""Serving candidates in an order, each that still fits: the start of searches and the body of simple rules."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.feasibility.rule import Rule, compute_time_s, is_feasible
from edge_llm_env.solver.candidates import Candidates, request_at
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def serve_in_order(
    rule: Rule, candidates: Candidates, order: NDArray[np.int64], most: int, selected: NDArray[np.bool_]
) -> None:
    """Select at most `most` candidates, in order, each if the batch stays feasible with it."""
    batch = empty_batch()
    for i in order:
        if batch.requests >= most:
            break
        grown = with_request(batch, request_at(candidates, i))
        if is_feasible(rule, grown):
            batch = grown
            selected[i] = True


@compiled
def compute_times_alone_s(rule: Rule, candidates: Candidates, alone_s: NDArray[np.float64]) -> None:
    """Write the compute time (s) of the batch of each candidate alone."""
    for i in range(len(alone_s)):
        alone_s[i] = compute_time_s(rule, with_request(empty_batch(), request_at(candidates, i)))


def shortest_job_first(problem: BatchProblem) -> NDArray[np.bool_]:
    """The batch of those with the least compute time alone, bool of shape (n,): each if the batch stays feasible."""
    alone_s = np.empty(len(problem))
    compute_times_alone_s(problem.rule, problem.candidates, alone_s)
    selected = np.zeros(len(problem), dtype=np.bool_)
    serve_in_order(problem.rule, problem.candidates, np.argsort(alone_s, kind="stable"), len(problem), selected)
    return selected
