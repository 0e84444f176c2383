"""The end of an epoch in which variants served: who is served by which, and what it used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import NOBODY, use_of_variants
from edge_llm_env.dynamics.demand import note_arrivals
from edge_llm_env.dynamics.epoch import dispatch, reserve, serve
from edge_llm_env.dynamics.modules import GROUPS, groups_now
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.payment import spend
from edge_llm_env.dynamics.settling.node import answered, uploaded
from edge_llm_env.dynamics.state import N_ARRIVED, NodeState, class_of
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.residency.moving import pass_time
from edge_llm_env.support.compilation.compiling import compiled_allocating


@compiled_allocating
def groups_of(params: NodeParams, state: NodeState, row: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Modules of each group, and how long after the start of the epoch they load (s), both of shape (G·GROUPS,)."""
    groups = len(params.variant_accuracy) * GROUPS
    sizes, ready_s = np.zeros(groups, dtype=np.int64), np.zeros(groups)
    groups_now(params, state, row, sizes, ready_s)
    return sizes, ready_s


@compiled_allocating
def delays_after(uplink_s: float, ready_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """How long after the uplink each group still loads (s), of the shape of `ready_s`."""
    delays_s = np.zeros(len(ready_s))
    for group in range(len(ready_s)):
        delays_s[group] = max(0.0, ready_s[group] - uplink_s)
    return delays_s


@compiled_allocating
def serve_and_dispatch(
    rule: Rule,
    params: NodeParams,
    state: NodeState,
    row: int,
    server: NDArray[np.int64],
    sizes: NDArray[np.int64],
    uplink: float,
    downlink: float,
    transfer_s: float,
) -> int:
    """Serve each request by its group, end the epoch, and account for what was used; how many groups took on.

    These are served, but for those that the node was wrong to believe that it can serve. `sizes` are those of the
    groups, `uplink` and `downlink` the parts of the bands that were used, and `transfer_s` is what transfers took of
    the window.
    """
    taken_on = 0
    for slot in range(len(server)):
        if server[slot] != NOBODY:
            taken_on += 1
            if params.believes:
                reserve(state, row, slot)
                if not uploaded(params, state, row, slot):
                    server[slot] = NOBODY
    memory, compute_s, energy = use_of_variants(rule, params, state, row, server, sizes)
    state.served_by[row, :] = NOBODY
    state.served_accuracy[row] = 0.0
    for slot in range(len(server)):
        if server[slot] != NOBODY:
            if params.believes:
                if not answered(params, state, row, slot):
                    continue
            else:
                serve(params, state, row, slot)
            state.served_by[row, slot] = server[slot]
            request_class = class_of(state, row, state.slot_request[row, slot])
            state.served_accuracy[row] += params.variant_accuracy[server[slot] // GROUPS, request_class]
    spend(params, state, row, energy)
    before = state.counters[row, N_ARRIVED]
    dispatch(rule, params, state, row)
    note_arrivals(params, state, row, before)
    pass_time(state.module_ready_s, row, params.epoch_s)
    used = (
        uplink,
        downlink,
        memory / (params.modules * params.module_memory_bytes),
        (compute_s + transfer_s) / rule.window_s,
    )
    for resource in range(len(used)):
        state.utilisation_sum[row, resource] += used[resource] - state.utilisation[row, resource]
        state.utilisation[row, resource] = used[resource]
    return taken_on
