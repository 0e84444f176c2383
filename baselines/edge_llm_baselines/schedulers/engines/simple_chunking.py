"""Simple chunking: chunks of prompts and stretches of decodes take turns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.shared.steps import first_open_admission, is_short, preempt_youngest, run_on
from edge_llm_baselines.schedulers.shared.work import tokens_to_prefill
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import EngineState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def choose(params: EngineParams, state: EngineState, row: int, numbers: NDArray[np.float64]) -> int:
    """A chunk of a budget (number 0) after every stretch without, in order of arrival.

    After the ablation of Sarathi-Serve without batches of both (arXiv 2403.02310, section 5.4), but not the same: it
    mixes batches, as decodes go on beside a chunk, and a stretch of decodes alone lasts until the next event, where the
    ablation alternates step by step.
    """
    if is_short(params, state, row):
        return preempt_youngest(params, state, row)
    if tokens_to_prefill(state, row) < numbers[0]:
        action = first_open_admission(params, state, row)
        if action >= 0:
            return action
    return run_on(params, state, row, numbers[0] if state.last_budget[row] == 0 else 0.0)


@compiled
def choose_rows(
    params: EngineParams, state: EngineState, numbers: NDArray[np.float64], actions: NDArray[np.int64]
) -> None:
    """The actions of all rows, of which each has its own numbers."""
    for row in range(len(actions)):
        actions[row] = choose(params, state, row, numbers[row])
