"""The end of an epoch in which variants served: who is served by which, and what it used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import NOBODY, use_of_variants
from edge_llm_env.dynamics.epoch import dispatch, serve, spend
from edge_llm_env.dynamics.modules import loading_s, pass_time
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.support.compilation.compiling import compiled_allocating


@compiled_allocating
def delays_of(params: NodeParams, state: NodeState, row: int, uplink_s: float) -> NDArray[np.float64]:
    """How long after the uplink each variant still loads weights (s), shape (G,)."""
    delays_s = np.zeros(len(params.variant_accuracy))
    for variant in range(len(delays_s)):
        delays_s[variant] = max(0.0, loading_s(state, row, variant) - uplink_s)
    return delays_s


@compiled_allocating
def serve_and_dispatch(
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    server: NDArray[np.int64],
    counts: NDArray[np.int64],
    uplink: float,
    downlink: float,
    transfer_s: float,
) -> int:
    """Serve each request by its variant, end the epoch, and account for what was used; how many are served.

    `uplink` and `downlink` are the parts of the bands that were used, `transfer_s` what transfers took of the window.
    """
    memory, compute_s, energy = use_of_variants(rule, params, state, row, server, counts)
    served = 0
    state.served_by[row, :] = NOBODY
    for slot in range(len(server)):
        state.served_by[row, slot] = server[slot]
        if server[slot] != NOBODY:
            serve(params, state, row, slot)
            served += 1
    spend(params, state, row, energy)
    dispatch(rule, params, state, row)
    pass_time(params, state, row)
    used = (
        uplink,
        downlink,
        memory / (params.modules * params.module_memory_bytes),
        (compute_s + transfer_s) / rule.window_s,
    )
    for resource in range(len(used)):
        state.utilisation_sum[row, resource] += used[resource] - state.utilisation[row, resource]
        state.utilisation[row, resource] = used[resource]
    return served
