"""Putting workloads on rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import NOT_ARRIVED, NodeState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def put_on_rows(
    state: NodeState,
    rows: NDArray[np.int64],
    requests: NDArray[np.int64],
    arrival_s: NDArray[np.float64],
    prompt_tokens: NDArray[np.int64],
    output_tokens: NDArray[np.int64],
    latency_requirement_s: NDArray[np.float64],
    accuracy_requirement: NDArray[np.float64],
    request_class: NDArray[np.int64],
    gains: NDArray[np.float64],
) -> None:
    """Put on each of those rows its number of requests, which follow one another in the arrays.

    `gains` has the shape (given directions, all requests, given blocks): a row keeps the last of each for those that
    are not given. The rows have room.
    """
    directions, blocks = state.gain.shape[2:]
    first = 0
    for at in range(len(rows)):
        row, count = rows[at], requests[at]
        for request in range(count, state.requests[row]):  # of the last workload, if that was longer
            state.status[row, request] = NOT_ARRIVED
        state.requests[row] = count
        for request in range(count):
            state.arrival_s[row, request] = arrival_s[first + request]
        for request in range(count):
            state.prompt_tokens[row, request] = prompt_tokens[first + request]
            state.output_tokens[row, request] = output_tokens[first + request]
        for request in range(count):
            state.latency_requirement_s[row, request] = latency_requirement_s[first + request]
        for request in range(count):
            state.accuracy_requirement[row, request] = accuracy_requirement[first + request]
        if state.request_class.shape[1] > 0:
            for request in range(count):
                state.request_class[row, request] = request_class[first + request]
        for request in range(count):
            for direction in range(directions):
                given = min(direction, gains.shape[0] - 1)
                for block in range(blocks):
                    state.gain[row, request, direction, block] = gains[
                        given, first + request, min(block, gains.shape[2] - 1)
                    ]
        first += count
