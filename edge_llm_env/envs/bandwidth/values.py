"""One step of `EdgeLLM/Bandwidth-v0` where an action is what each request is worth, on a row and on many rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import in_slot, reserve, serve, store_batch
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.payment import spend
from edge_llm_env.dynamics.settling.node import settle_and_dispatch
from edge_llm_env.dynamics.state import N_NOT_ADMITTED, NodeState, images_of
from edge_llm_env.dynamics.uploads.sending import complete, send_in_order
from edge_llm_env.dynamics.uploads.spare import count_as_used, held_back, spare_uplink
from edge_llm_env.dynamics.values.batch import batch_in_order, order_by_value
from edge_llm_env.envs.observation.kernels import observe
from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.feasibility.rule import energy_j
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.support.sharing import next_rows


@compiled_allocating
def step_row(
    params: NodeParams, state: NodeState, row: int, action: NDArray[np.float64], observation: NDArray[np.float32]
) -> None:
    """Serve the batch of the values, with least shares and least parts, and end the epoch.

    Where uploads carry over, the uplink that the batch leaves goes to the others in the same order.
    """
    rule = rule_of(params)
    state.reward_terms[row, :] = 0.0
    split = action[len(action) - 1] if params.carries_over else 0.0
    order, wanted = order_by_value(params, state, row, action)
    selected = batch_in_order(rule, state, row, order, action, held_back(params, max(0.0, split)))
    batch = empty_batch()
    served, images = 0, 0.0
    for slot in range(len(selected)):
        if selected[slot]:
            batch = with_request(batch, in_slot(state, row, slot))
            if params.believes:
                reserve(state, row, slot)
            else:
                serve(params, state, row, slot)
            served += 1
            images += images_of(params, state, row, state.slot_request[row, slot])
            if params.carries_over:
                complete(params, state, row, slot)
    sent = 0.0
    if params.carries_over:
        spare = spare_uplink(rule, params, batch) * (1.0 + min(0.0, split))
        sent = send_in_order(params, state, row, order, selected, spare)
    store_batch(state, row, batch)
    if not params.believes:
        spend(params, state, row, energy_j(rule, batch) + images * params.encoding_j)
    settle_and_dispatch(rule, params, state, row)
    count_as_used(params, state, row, sent)
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
