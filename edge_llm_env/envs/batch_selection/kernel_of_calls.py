"""`EdgeLLM/BatchSelection-v0` where requests are the calls of agent tasks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import refresh_mask
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.dynamics.state import N_NOT_ADMITTED
from edge_llm_env.envs.calls.observation import observe_calls
from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.support.sharing import next_rows
from edge_llm_env.task_dynamics.calls import admit_call, rule_of_row
from edge_llm_env.task_dynamics.epoch import dispatch_calls, release_caches
from edge_llm_env.task_dynamics.params import TaskParams
from edge_llm_env.task_dynamics.state import TaskState


@compiled
def step_row(
    params: TaskParams, state: TaskState, row: int, chosen: NDArray[np.int8], observation: NDArray[np.float32]
) -> None:
    """Drop the chosen caches, admit the chosen slots from the first on, each if the batch stays feasible with it, and
    dispatch.
    """
    rule = rule_of(params)
    state.reward_terms[row, :] = 0.0
    release_caches(rule, params, state, row, chosen[state.slot_request.shape[1] :])
    own = rule_of_row(params, state, row)
    not_admitted = 0
    for slot in range(state.visible[row]):
        if chosen[slot]:
            if state.action_mask[row, slot]:
                admit_call(own, params, state, row, slot)
                refresh_mask(own, state, row)
            else:
                not_admitted += 1
    dispatch_calls(rule, params, state, row)
    state.counters[row, N_NOT_ADMITTED] = not_admitted
    observe_calls(params, state, row, observation)


@compiled
def step_rows(
    params: TaskParams,
    state: TaskState,
    chosen: NDArray[np.int8],
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
                step_row(params, state, row, chosen[row], observations[row])
            hand_out(params, state, observations, returned, row)
        first, last = next_rows(turns, thread)
