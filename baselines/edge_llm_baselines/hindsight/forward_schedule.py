"""The schedule of a scheduler that serves the largest batch in every epoch: what hindsight must at least match."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import NEVER, Schedulable
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound


def forward_schedule(episode: Schedulable) -> NDArray[np.int64]:
    """The epoch that serves each request, int of shape (requests,), when each epoch in turn serves all that it can."""
    schedule = np.full(episode.requests, NEVER, dtype=np.int64)
    solver = BranchAndBound()
    for epoch in range(episode.epochs):
        first, last = episode.offers.first[epoch : epoch + 2]
        requests = episode.offers.request[first:last]
        waiting = schedule[requests] == NEVER
        selected = solver.solve(replace(episode.problem(epoch), values=waiting.astype(float))).selected
        schedule[requests[selected & waiting]] = epoch
    return schedule
