"""One step of `EdgeLLM/Scaling-v0` on a row, and on many rows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.returned import Returned, hand_out
from edge_llm_env.envs.scaling.observation import observe
from edge_llm_env.rack.epoch import begin_episode, serve_epoch, switch
from edge_llm_env.rack.params import RackParams
from edge_llm_env.rack.state import N_GROUP, N_ON, RackState
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.support.sharing import next_rows


@compiled
def target_of(params: RackParams, state: RackState, row: int, entry: float) -> int:
    """How many modules an action's entry wants on: those that are, and M times the entry, rounded, more or fewer."""
    change = math.floor(entry * params.modules + 0.5)
    return min(max(state.counters[row, N_ON] + change, 0), params.modules)


@compiled
def size_of(params: RackParams, state: RackState, row: int, entry: float) -> int:
    """How many modules an action's entry wants in a group: S times the entry, rounded, places on among all S sizes."""
    sizes, place = len(params.group_sizes), 0
    while params.group_sizes[place] != state.counters[row, N_GROUP]:
        place += 1
    place += math.floor(entry * sizes + 0.5)
    return params.group_sizes[min(max(place, 0), sizes - 1)]


@compiled
def begin_rows(
    params: RackParams, state: RackState, beginning: NDArray[np.intp], observations: NDArray[np.float32]
) -> None:
    """Begin an episode on each of those rows, with the workload that it holds, and observe them."""
    for row in beginning:
        begin_episode(params, state, row)
        observe(params, state, row, observations[row])


@compiled
def step_row(
    params: RackParams, state: RackState, row: int, action: NDArray[np.float64], observation: NDArray[np.float32]
) -> None:
    """Switch and group modules, serve, and end the epoch."""
    state.reward_terms[row, :] = 0.0
    size = state.counters[row, N_GROUP]
    if len(params.group_sizes) > 1:
        size = size_of(params, state, row, action[1])
    switch(params, state, row, target_of(params, state, row, action[0]), size)
    serve_epoch(params, state, row)
    observe(params, state, row, observation)


@compiled
def step_rows(
    params: RackParams,
    state: RackState,
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


@compiled
def hand_out_rows(
    params: RackParams,
    state: RackState,
    rows: NDArray[np.intp],
    observations: NDArray[np.float32],
    returned: Returned,
) -> None:
    """Copy what those rows return."""
    for row in rows:
        hand_out(params, state, observations, returned, row)
