"""Which node serves whom, given what each request is worth to each: GAH, node after node (compiled)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.slots import candidates_of_row
from edge_llm_env.dynamics.state import N_PENDING, PENDING, SERVED, NodeState
from edge_llm_env.solver.best_first import best_batch
from edge_llm_env.solver.search_state import default_node_limit
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

NOBODY = -1
"""The node of a request that is served by none."""


@compiled_allocating
def choose(
    params: NodeParams,
    state: NodeState,
    row: int,
    node: int,
    values: NDArray[np.float64],
    node_of: NDArray[np.int64],
    worth: NDArray[np.float64],
) -> None:
    """Let a node take the batch that is worth most beyond where its requests are assigned now.

    `values`, float64 of shape (Q,), is what the request in each of its slots is worth to it, nothing where it does not
    want it; `node_of` and `worth`, of shape (C,), say which node has each request, and what it is worth there. One turn
    of the local-ratio scheme for generalised assignment (Cohen, Katzir and Raz, 2006).
    """
    shown = state.visible[row]
    gains = np.zeros(shown)
    for slot in range(shown):
        gains[slot] = max(0.0, values[slot] - worth[state.slot_request[row, slot]])
    limit = default_node_limit(state.slot_request.shape[1])
    selected, _, _, _ = best_batch(rule_of(params), candidates_of_row(state, row), gains, limit, limit)
    for slot in range(shown):
        if selected[slot] and gains[slot] > 0.0:
            request = state.slot_request[row, slot]
            node_of[request] = node
            worth[request] = values[slot]


@compiled
def take(state: NodeState, row: int, node: int, node_of: NDArray[np.int64], chosen: NDArray[np.int8]) -> None:
    """Write which slots of a node are its batch, int8 of shape (Q,), and let it forget whom other nodes serve."""
    for slot in range(len(chosen)):
        chosen[slot] = 0
    for slot in range(state.visible[row]):
        server = node_of[state.slot_request[row, slot]]
        chosen[slot] = server == node
        if server != NOBODY and server != node:
            state.action_mask[row, slot] = False
    for request in range(state.oldest[row], state.requests[row]):
        if node_of[request] != NOBODY and node_of[request] != node and state.status[row, request] == PENDING:
            state.status[row, request] = SERVED
            state.counters[row, N_PENDING] -= 1
