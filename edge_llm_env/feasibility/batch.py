"""A batch as the feasibility rule sees it: a handful of sums, so that admitting a request is O(1)."""

from __future__ import annotations

import math
from typing import NamedTuple

from edge_llm_env.feasibility.request import Request
from edge_llm_env.support.compiling import compiled


class BatchSums(NamedTuple):
    """A batch as the rule sees it: sums, longest lengths and least slack over its requests."""

    requests: float
    s: float
    s_squared: float
    n: float
    n_squared: float
    s_times_n: float
    longest_s: float
    longest_n: float
    least_slack_s: float
    uplink_share: float
    downlink_share: float
    compute_s: float
    memory_bytes: float


@compiled
def empty_batch() -> BatchSums:
    """The batch of no request."""
    return BatchSums(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, math.inf, 0.0, 0.0, 0.0, 0.0)


@compiled
def with_request(batch: BatchSums, request: Request) -> BatchSums:
    """The batch with one more request."""
    s, n = request.prompt_tokens, request.output_tokens
    return BatchSums(
        batch.requests + 1.0,
        batch.s + s,
        batch.s_squared + s * s,
        batch.n + n,
        batch.n_squared + n * n,
        batch.s_times_n + s * n,
        max(batch.longest_s, s),
        max(batch.longest_n, n),
        min(batch.least_slack_s, request.slack_s),
        batch.uplink_share + request.uplink_share,
        batch.downlink_share + request.downlink_share,
        batch.compute_s + request.compute_s,
        batch.memory_bytes + request.memory_bytes,
    )
