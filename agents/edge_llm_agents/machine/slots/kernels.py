"""What a row of an engine is left in by a pass that was really computed, and by a request that is gone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.engine.actions import refresh_mask
from edge_llm_env.engine.iterating import settle
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.queue import leave_batch, leave_slot, take_arrivals
from edge_llm_env.engine.state import DROPPED, N_BEYOND, N_PENDING, N_RUNNING, N_WAITING, EngineState
from edge_llm_env.envs.continuous_batching.observation import observe
from edge_llm_env.support.compilation.compiling import compiled

NOBODY = -1


@compiled
def look_again(
    params: EngineParams, state: EngineState, row: int, removed: int, observation: NDArray[np.float32]
) -> bool:
    """Take a request away, if it is not `NOBODY`, note who is done, take who has arrived by now, and observe.

    Whether a scheduler is to be asked again: somebody came, went, or is done.
    """
    asked = False
    if removed != NOBODY:
        for slot in range(state.counters[row, N_RUNNING]):
            if state.running[row, slot] == removed:
                leave_batch(params, state, row, slot)
                asked = True
                break
        if not asked:
            for slot in range(state.in_slots[row]):
                if state.waiting[row, slot] == removed:
                    leave_slot(params, state, row, slot)
                    asked = True
                    break
        state.status[row, removed] = DROPPED
        state.counters[row, N_PENDING] -= 1
        if not asked:  # it waits beyond the slots
            state.counters[row, N_WAITING] -= 1
            state.counters[row, N_BEYOND] -= 1
    asked |= settle(params, state, row)
    asked |= take_arrivals(params, state, row)
    refresh_mask(params, state, row)
    observe(params, state, row, observation)
    return asked
