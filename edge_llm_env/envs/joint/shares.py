"""One step of `EdgeLLM/Joint-v0` where an action grants shares of the bands, on a row and on many rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import SETTLED, cascade
from edge_llm_env.dynamics.modules import move_modules
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.settling.variants import delays_after, groups_of, serve_and_dispatch
from edge_llm_env.dynamics.state import N_NOT_ADMITTED, NodeState
from edge_llm_env.dynamics.values.partition import wanted_modules
from edge_llm_env.envs.bandwidth.shares import rule_with_parts, transfer, transferred
from edge_llm_env.envs.box_action import as_share
from edge_llm_env.envs.observation.kernels import observe
from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.support.sharing import next_rows


@compiled_allocating
def step_row(
    params: NodeParams, state: NodeState, row: int, action: NDArray[np.float64], observation: NDArray[np.float32]
) -> None:
    """Move modules, transfer what the shares allow, compute the variants' most valuable batches, and end the epoch."""
    rule = rule_of(params)
    state.reward_terms[row, :] = 0.0
    slots = state.slot_request.shape[1]
    counts = wanted_modules(params, state, row, action, len(action) - len(params.variant_accuracy))
    move_modules(params, state, row, counts)
    carried = transfer(params, state, row, action, slots)
    if params.believes:
        carried = transferred(params, state, row, action, slots, carried)
    values = np.zeros(state.visible[row])
    for i in range(len(carried.among)):
        values[carried.among[i]] = as_share(action[carried.among[i]])
    reserved_s = carried.uplink_s + carried.downlink_s if params.flexible_split else 0.0
    node = rule_with_parts(rule, params, carried.uplink_s, carried.downlink_s)
    sizes, ready_s = groups_of(params, state, row)
    delays_s = delays_after(carried.uplink_s, ready_s)
    end_s = node.window_s + reserved_s
    server = cascade(rule, params, state, row, values, sizes, delays_s, end_s, reserved_s, SETTLED)
    served = serve_and_dispatch(
        rule,
        params,
        state,
        row,
        server,
        sizes,
        carried.uplink_share * carried.uplink_s / params.uplink_s,
        carried.downlink_share * carried.downlink_s / params.downlink_s,
        reserved_s,
    )
    state.counters[row, N_NOT_ADMITTED] = carried.granted - served
    observe(rule, params, state, row, observation)


@compiled_allocating
def step_rows(
    params: NodeParams,
    state: NodeState,
    actions: NDArray[np.float64],
    active: NDArray[np.bool_],
    observations: NDArray[np.float32],
    returned: Returned,
    turns: NDArray[np.int64],
    thread: int,
) -> None:
    """Step the active ones of the rows that are the thread's, and copy what all of these return."""
    first, last = next_rows(turns, thread)
    while first < last:
        for row in range(first, last):
            if active[row]:
                step_row(params, state, row, actions[row], observations[row])
            hand_out(params, state, observations, returned, row)
        first, last = next_rows(turns, thread)
