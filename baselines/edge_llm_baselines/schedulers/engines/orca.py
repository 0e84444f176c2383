"""Orca: iterations, whole prompts beside decodes, and memory reserved for the longest that a request could be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.shared.steps import first_open_admission, is_short, preempt_youngest, run_on
from edge_llm_env.engine.blocks import blocks_of
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import N_RUNNING, EngineState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def choose(params: EngineParams, state: EngineState, row: int, numbers: NDArray[np.float64]) -> int:
    """In order of arrival, as long as every sequence could become the longest (Orca, OSDI 2022, algorithm 1).

    A prompt is computed whole, or as much of it as the engine's largest budget allows.
    """
    if is_short(params, state, row):
        return preempt_youngest(params, state, row)
    each = blocks_of(params, int(params.longest_prompt_tokens + params.longest_output_tokens))
    running = state.counters[row, N_RUNNING]
    if running == 0 or (running + 1) * each <= params.blocks:
        action = first_open_admission(params, state, row)
        if action >= 0:
            return action
    return run_on(params, state, row, params.budgets[-1])


@compiled
def choose_rows(
    params: EngineParams, state: EngineState, numbers: NDArray[np.float64], actions: NDArray[np.int64]
) -> None:
    """The actions of all rows, of which each has its own numbers."""
    for row in range(len(actions)):
        actions[row] = choose(params, state, row, numbers[row])
