"""One step of `EdgeLLM/Batching-v0` on a row, and on many rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import admit, prefetch_epoch, refresh_mask
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.settling.node import settle_and_dispatch
from edge_llm_env.dynamics.state import N_INVALID, NodeState
from edge_llm_env.envs.observation.kernels import entries_in_use, observe, observe_admission
from edge_llm_env.envs.returned import ROWS_AHEAD, Returned, hand_out_entries
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.support.memory import prefetch
from edge_llm_env.support.sharing import next_rows


@compiled
def step_row(params: NodeParams, state: NodeState, row: int, action: int, observation: NDArray[np.float32]) -> None:
    """Admit the request in slot `action`, or dispatch: on action Q, and on a slot that the mask has closed."""
    rule = rule_of(params)
    slots = state.slot_request.shape[1]
    state.reward_terms[row, :] = 0.0
    if action < slots and state.action_mask[row, action]:
        admit(rule, params, state, row, action)
        refresh_mask(rule, state, row)
        observe_admission(rule, params, state, row, action, observation)
    else:
        settle_and_dispatch(rule, params, state, row)
        state.counters[row, N_INVALID] += action < slots
        observe(rule, params, state, row, observation)


@compiled
def step_rows(
    params: NodeParams,
    state: NodeState,
    actions: NDArray[np.int64],
    active: NDArray[np.bool_],
    observations: NDArray[np.float32],
    returned: Returned,
    turns: NDArray[np.int64],
    thread: int,
) -> None:
    """Step the active ones of the rows that are the thread's, and copy what all of these return."""
    slots = state.slot_request.shape[1]
    first, last = next_rows(turns, thread)
    while first < last:
        for row in range(first, last):
            ahead = row + ROWS_AHEAD
            if ahead < len(active) and active[ahead]:
                if actions[ahead] == slots:
                    prefetch_epoch(state, ahead)
                else:
                    prefetch(state.slot_request, ahead, actions[ahead])
            if active[row]:
                step_row(params, state, row, actions[row], observations[row])
            hand_out_entries(params, state, observations, returned, row, entries_in_use(state, row))
        first, last = next_rows(turns, thread)
