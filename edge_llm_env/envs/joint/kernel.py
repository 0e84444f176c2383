"""One step of `EdgeLLM/Joint-v0` on a row, and on many rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import SETTLED, cascade
from edge_llm_env.dynamics.modules import move_modules
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.serving import delays_of, serve_and_dispatch
from edge_llm_env.dynamics.state import N_NOT_ADMITTED, NodeState
from edge_llm_env.envs.bandwidth.kernel import arrives, parts_s, rule_with_parts
from edge_llm_env.envs.box_action import onto_simplex
from edge_llm_env.envs.compute.kernel import modules_of
from edge_llm_env.envs.observation import observe
from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.support.compiling import compiled_allocating
from edge_llm_env.support.sharing import next_rows


@compiled_allocating
def step_row(
    params: NodeParams, state: NodeState, row: int, action: NDArray[np.float64], observation: NDArray[np.float32]
) -> None:
    """Move modules, transfer what the shares allow, compute the variants' most valuable batches, and end the epoch."""
    rule = rule_of(params)
    state.reward_terms[row, :] = 0.0
    slots, visible = state.slot_request.shape[1], state.visible[row]
    uplink_s, downlink_s = parts_s(params, action, 3 * slots)
    counts = modules_of(params, action, len(action) - len(params.variant_accuracy))
    move_modules(params, state, row, counts)
    uplink_scale, downlink_scale = onto_simplex(action, slots, visible), onto_simplex(action, 2 * slots, visible)
    values = np.zeros(visible)
    granted = 0
    uplink_used, downlink_used = 0.0, 0.0
    for slot in range(visible):
        uplink, downlink = action[slots + slot] * uplink_scale, action[2 * slots + slot] * downlink_scale
        uplink_used += uplink
        downlink_used += downlink
        granted += uplink > 0.0 or downlink > 0.0
        if arrives(params, state, row, slot, uplink * uplink_s, downlink * downlink_s):
            values[slot] = action[slot]
    reserved_s = uplink_s + downlink_s if params.flexible_split else 0.0
    node = rule_with_parts(rule, params, uplink_s, downlink_s)
    delays_s = delays_of(params, state, row, uplink_s)
    end_s = node.window_s + reserved_s
    server = cascade(rule, params, state, row, values, counts, delays_s, end_s, reserved_s, SETTLED)
    served = serve_and_dispatch(
        rule,
        params,
        state,
        row,
        server,
        counts,
        uplink_used * uplink_s / params.uplink_s,
        downlink_used * downlink_s / params.downlink_s,
        reserved_s,
    )
    state.counters[row, N_NOT_ADMITTED] = granted - served
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
