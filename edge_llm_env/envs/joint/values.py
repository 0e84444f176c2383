"""One step of `EdgeLLM/Joint-v0` where an action says what each request is worth, on a row and on many rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import bands_used
from edge_llm_env.dynamics.modules import move_modules
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.settling.variants import groups_of, serve_and_dispatch
from edge_llm_env.dynamics.state import N_NOT_ADMITTED, NodeState
from edge_llm_env.dynamics.values.batch import order_by_value
from edge_llm_env.dynamics.values.cascade import cascade_by_value
from edge_llm_env.dynamics.values.partition import wanted_modules
from edge_llm_env.envs.observation.kernels import observe
from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.support.sharing import next_rows


@compiled_allocating
def step_row(
    params: NodeParams, state: NodeState, row: int, action: NDArray[np.float64], observation: NDArray[np.float32]
) -> None:
    """Move modules, serve the variants' batches of the values, and end the epoch."""
    rule = rule_of(params)
    state.reward_terms[row, :] = 0.0
    counts = wanted_modules(params, state, row, action, state.slot_request.shape[1])
    move_modules(params, state, row, counts)
    order, wanted = order_by_value(params, state, row, action)
    sizes, ready_s = groups_of(params, state, row)
    server = cascade_by_value(rule, params, state, row, order, action, sizes, ready_s)
    uplink, downlink = bands_used(state, row, server)
    transfer_s = uplink * params.uplink_s + downlink * params.downlink_s if params.flexible_split else 0.0
    served = serve_and_dispatch(rule, params, state, row, server, sizes, uplink, downlink, transfer_s)
    state.counters[row, N_NOT_ADMITTED] = wanted - served
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
