"""A batch as the feasibility rule sees it: a handful of sums, so that admitting a request is O(1)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.request import Request
from edge_llm_env.support.compilation.compiling import compiled


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


FIELDS = len(BatchSums._fields)
"""Of a batch as an array."""


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


@compiled
def delayed(batch: BatchSums, delay_s: float) -> BatchSums:
    """The batch when so much of every slack has gone."""
    return BatchSums(
        batch.requests,
        batch.s,
        batch.s_squared,
        batch.n,
        batch.n_squared,
        batch.s_times_n,
        batch.longest_s,
        batch.longest_n,
        batch.least_slack_s - delay_s,
        batch.uplink_share,
        batch.downlink_share,
        batch.compute_s,
        batch.memory_bytes,
    )


@compiled
def of_array(fields: NDArray[np.float64]) -> BatchSums:
    """The batch that an array of shape (FIELDS,) holds."""
    b = fields
    return BatchSums(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12])


@compiled
def to_array(batch: BatchSums, fields: NDArray[np.float64]) -> None:
    """Write a batch to an array of shape (FIELDS,)."""
    for field in range(len(batch)):
        fields[field] = batch[field]
