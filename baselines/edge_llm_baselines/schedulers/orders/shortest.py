"""Shortest job first."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.shared.steps import NONE, is_short, preempt_youngest, run_on
from edge_llm_baselines.schedulers.shared.work import tokens_to_prefill, work_s
from edge_llm_env.engine.actions import admit_action
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import EngineState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def choose(params: EngineParams, state: EngineState, row: int, numbers: NDArray[np.float64]) -> int:
    """Who takes least of the engine is admitted first, prompts share a budget of tokens (number 0).

    By the lengths that the agent is told; where it is told none, by prompts alone.
    """
    if is_short(params, state, row):
        return preempt_youngest(params, state, row)
    if tokens_to_prefill(state, row) < numbers[0]:
        best, least = NONE, math.inf
        for slot in range(min(state.in_slots[row], params.waiting_slots)):
            if state.action_mask[row, admit_action(params, slot)]:
                cost = work_s(params, state, row, state.waiting[row, slot])
                if cost < least:
                    best, least = admit_action(params, slot), cost
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
