"""Which server serves whom, given what each request is worth to each: GAH, server after server (compiled)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import SHARES, cascade
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.settling.variants import delays_after
from edge_llm_env.dynamics.slots import candidates_of_row
from edge_llm_env.dynamics.state import N_PENDING, PENDING, SERVED, NodeState
from edge_llm_env.solver.best_first import best_batch
from edge_llm_env.solver.search_state import default_node_limit
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

NOBODY = -1
"""The server of a request that is served by none."""


@compiled_allocating
def gains_of(
    state: NodeState, row: int, values: NDArray[np.float64], worth: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What the requests in a row's slots are worth to it beyond where they are assigned now, of shape (visible,)."""
    gains = np.zeros(state.visible[row])
    for slot in range(len(gains)):
        gains[slot] = max(0.0, values[slot] - worth[state.slot_request[row, slot]])
    return gains


@compiled_allocating
def choose(
    params: NodeParams,
    state: NodeState,
    row: int,
    server: int,
    values: NDArray[np.float64],
    server_of: NDArray[np.int64],
    worth: NDArray[np.float64],
) -> None:
    """Let a server take the batch that is worth most beyond where its requests are assigned now.

    `values`, float64 of shape (Q,), is what the request in each of its slots is worth to it, nothing where it does not
    want it; `server_of` and `worth`, of shape (C,), say which server has each request, and what it is worth there. One
    turn of the local-ratio scheme for generalised assignment (Cohen, Katzir and Raz, 2006).
    """
    gains = gains_of(state, row, values, worth)
    limit = default_node_limit(state.slot_request.shape[1])
    selected, _, _, _ = best_batch(rule_of(params), candidates_of_row(state, row), gains, limit, limit)
    for slot in range(len(gains)):
        if selected[slot] and gains[slot] > 0.0:
            request = state.slot_request[row, slot]
            server_of[request] = server
            worth[request] = values[slot]


@compiled_allocating
def choose_by_groups(
    params: NodeParams,
    state: NodeState,
    row: int,
    server: int,
    values: NDArray[np.float64],
    server_of: NDArray[np.int64],
    worth: NDArray[np.float64],
    sizes: NDArray[np.int64],
    ready_s: NDArray[np.float64],
    groups: NDArray[np.int64],
) -> None:
    """The same where a server's modules hold variants: each group of them takes a most valuable batch, in order.

    `sizes` and `ready_s` are as `groups_of` gives them. Writes into `groups`, of shape (Q,), which group of the server
    has each of its slots, or NOBODY.
    """
    rule, gains = rule_of(params), gains_of(state, row, values, worth)
    delays_s = delays_after(params.uplink_s, ready_s)
    chosen = cascade(rule, params, state, row, gains, sizes, delays_s, rule.window_s, 0.0, SHARES)
    for slot in range(len(groups)):
        groups[slot] = NOBODY
    for slot in range(len(gains)):
        groups[slot] = chosen[slot]
        if chosen[slot] != NOBODY:
            request = state.slot_request[row, slot]
            server_of[request] = server
            worth[request] = values[slot]


@compiled
def forget_others(state: NodeState, row: int, server: int, server_of: NDArray[np.int64]) -> None:
    """Let a server forget whom others serve."""
    for slot in range(state.visible[row]):
        other = server_of[state.slot_request[row, slot]]
        if other != NOBODY and other != server:
            state.action_mask[row, slot] = False
    for request in range(state.oldest[row], state.requests[row]):
        other = server_of[request]
        if other != NOBODY and other != server and state.status[row, request] == PENDING:
            state.status[row, request] = SERVED
            state.counters[row, N_PENDING] -= 1
