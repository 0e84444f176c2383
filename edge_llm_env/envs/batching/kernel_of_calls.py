"""`EdgeLLM/Batching-v0` where requests are the calls of agent tasks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import refresh_mask
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.dynamics.state import N_INVALID
from edge_llm_env.envs.calls.observation import observe_admitted_call, observe_calls
from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.support.sharing import next_rows
from edge_llm_env.task_dynamics.calls import admit_call, rule_of_row
from edge_llm_env.task_dynamics.epoch import dispatch_calls
from edge_llm_env.task_dynamics.params import TaskParams
from edge_llm_env.task_dynamics.state import TaskState


@compiled
def step_row(params: TaskParams, state: TaskState, row: int, action: int, observation: NDArray[np.float32]) -> None:
    """Admit the call in slot `action`, or dispatch: on action Q, and on a slot that the mask has closed."""
    rule = rule_of(params)
    slots = state.slot_request.shape[1]
    state.reward_terms[row, :] = 0.0
    if action < slots and state.action_mask[row, action]:
        own = rule_of_row(params, state, row)
        admit_call(own, params, state, row, action)
        refresh_mask(own, state, row)
        observe_admitted_call(params, state, row, action, observation)
    else:
        dispatch_calls(rule, params, state, row)
        state.counters[row, N_INVALID] += action < slots
        observe_calls(params, state, row, observation)


@compiled
def step_rows(
    params: TaskParams,
    state: TaskState,
    actions: NDArray[np.int64],
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
