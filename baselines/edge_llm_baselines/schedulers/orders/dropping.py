"""Fewest calls left first, and caches dropped by action when somebody who waits lacks blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.orders import fewest_calls
from edge_llm_baselines.schedulers.shared.steps import NONE
from edge_llm_env.engine.actions import fits, release_action
from edge_llm_env.engine.call_state import TaskEngineState
from edge_llm_env.engine.params import TaskEngineParams
from edge_llm_env.engine.state import WAITING
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def largest_unread(params: TaskEngineParams, state: TaskEngineState, row: int) -> int:
    """The kept slot of the largest cache of a task none of whose calls is visible; NONE if there is none."""
    best, most = NONE, 0
    for slot in range(state.in_kept[row]):
        first = state.kept[row, slot]
        waits = False
        for call in range(first, first + state.task_calls[row, first]):
            waits |= state.status[row, call] == WAITING
        if not waits and state.cached_tokens[row, first] > most:
            best, most = slot, state.cached_tokens[row, first]
    return best


@compiled
def choose(params: TaskEngineParams, state: TaskEngineState, row: int, numbers: NDArray[np.float64]) -> int:
    """As `fewest_calls`, but that the largest cache is dropped while a call in a waiting slot lacks blocks."""
    for place in range(min(state.in_slots[row], params.waiting_slots)):
        if not fits(params, state, row, state.waiting[row, place]):
            slot = largest_unread(params, state, row)
            if slot != NONE:
                return release_action(params, slot)
    return fewest_calls.choose(params, state, row, numbers)


@compiled
def choose_rows(
    params: TaskEngineParams, state: TaskEngineState, numbers: NDArray[np.float64], actions: NDArray[np.int64]
) -> None:
    """The actions of all rows, of which each has its own numbers."""
    for row in range(len(actions)):
        actions[row] = choose(params, state, row, numbers[row])
