"""Prefill first: whoever fits joins at once with the whole prompt, as vLLM before chunked prefill."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.shared.steps import first_open_admission, is_short, preempt_youngest, run_on
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import EngineState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def choose(params: EngineParams, state: EngineState, row: int, numbers: NDArray[np.float64]) -> int:
    """In order of arrival while blocks last, prompts with the largest budget (vLLM, SOSP 2023, section 4.5).

    vLLM's iterations of prompts hold decodes up; here these get their token in the same iteration, which takes as long.
    """
    if is_short(params, state, row):
        return preempt_youngest(params, state, row)
    action = first_open_admission(params, state, row)
    return action if action >= 0 else run_on(params, state, row, params.budgets[-1])


@compiled
def choose_rows(
    params: EngineParams, state: EngineState, numbers: NDArray[np.float64], actions: NDArray[np.int64]
) -> None:
    """The actions of all rows, of which each has its own numbers."""
    for row in range(len(actions)):
        actions[row] = choose(params, state, row, numbers[row])
