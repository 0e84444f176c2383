"""One step of `EdgeLLM/ContinuousBatching-v0` on a row, and on many rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.engine.actions import act
from edge_llm_env.engine.beginning import begin_episode
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import EngineState
from edge_llm_env.envs.continuous_batching.observation import observe
from edge_llm_env.envs.continuous_batching.observation_of_calls import observe_tasks
from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.support.sharing import next_rows


@compiled
def begin_rows(
    params: EngineParams, state: EngineState, beginning: NDArray[np.intp], observations: NDArray[np.float32]
) -> None:
    """Begin an episode on each of those rows, with the workload that it holds, and observe them."""
    for row in beginning:
        begin_episode(params, state, row)
        observe(params, state, row, observations[row])
        observe_tasks(params, state, params.tasks, row, observations[row])


@compiled
def step_row(params: EngineParams, state: EngineState, row: int, action: int, observation: NDArray[np.float32]) -> None:
    """Do what the action says: in no time, or until the agent is asked again."""
    act(params, state, row, action)
    observe(params, state, row, observation)
    observe_tasks(params, state, params.tasks, row, observation)


@compiled
def step_rows(
    params: EngineParams,
    state: EngineState,
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


@compiled
def hand_out_rows(
    params: EngineParams,
    state: EngineState,
    rows: NDArray[np.intp],
    observations: NDArray[np.float32],
    returned: Returned,
) -> None:
    """Copy what those rows return."""
    for row in rows:
        hand_out(params, state, observations, returned, row)
