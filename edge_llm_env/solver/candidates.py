"""The requests that a solver chooses a batch from, as arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.batch import BatchSums, empty_batch, with_request
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import Rule, is_feasible
from edge_llm_env.support.compilation.compiling import compiled


class Candidates(NamedTuple):
    """The requests of a problem, float64 arrays of shape (n,), in the fields of `Request`."""

    prompt_tokens: NDArray[np.float64]
    output_tokens: NDArray[np.float64]
    slack_s: NDArray[np.float64]
    uplink_share: NDArray[np.float64]
    downlink_share: NDArray[np.float64]
    compute_s: NDArray[np.float64]
    memory_bytes: NDArray[np.float64]


@compiled
def request_at(candidates: Candidates, i: int) -> Request:
    """Candidate i as the feasibility rule sees it."""
    return Request(
        candidates.prompt_tokens[i],
        candidates.output_tokens[i],
        candidates.slack_s[i],
        candidates.uplink_share[i],
        candidates.downlink_share[i],
        candidates.compute_s[i],
        candidates.memory_bytes[i],
    )


@compiled
def batch_of(candidates: Candidates, selected: NDArray[np.bool_]) -> BatchSums:
    """The sums of a batch, added up in order as an environment does."""
    batch = empty_batch()
    for i in range(len(selected)):
        if selected[i]:
            batch = with_request(batch, request_at(candidates, i))
    return batch


@compiled
def batch_is_feasible(rule: Rule, candidates: Candidates, selected: NDArray[np.bool_]) -> bool:
    """The feasibility rule on a batch."""
    return is_feasible(rule, batch_of(candidates, selected))
