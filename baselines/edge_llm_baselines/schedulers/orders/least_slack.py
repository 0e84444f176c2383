"""Least slack first with admission control."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.shared.steps import NONE, give_up_late, run_on
from edge_llm_baselines.schedulers.shared.work import tokens_to_prefill
from edge_llm_env.engine.actions import admit_action
from edge_llm_env.engine.outlook import prefill_alone_s
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import N_RUNNING, EngineState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def choose(params: EngineParams, state: EngineState, row: int, numbers: NDArray[np.float64]) -> int:
    """Whose prefill must begin first is admitted first; who is late is given up, waiting or running.

    Budget of prompts' tokens and most sequences are numbers 0 and 1.
    """
    action = give_up_late(params, state, row)
    if action != NONE:
        return action
    if tokens_to_prefill(state, row) < numbers[0] and state.counters[row, N_RUNNING] < numbers[1]:
        best, least = NONE, math.inf
        for slot in range(min(state.in_slots[row], params.waiting_slots)):
            if state.action_mask[row, admit_action(params, slot)]:
                request = state.waiting[row, slot]
                due_s = state.first_due_s[row, request] - prefill_alone_s(params, state, row, request)
                if due_s < least:
                    best, least = admit_action(params, slot), due_s
        if best != NONE:
            return best
    return run_on(params, state, row, numbers[0])


@compiled
def choose_rows(
    params: EngineParams, state: EngineState, numbers: NDArray[np.float64], actions: NDArray[np.int64]
) -> None:
    """The actions of all rows, of which each has its own numbers."""
    for row in range(len(actions)):
        actions[row] = choose(params, state, row, numbers[row])
