"""Sarathi-Serve: chunked prefill beside all decodes, up to a budget of tokens, first come first served."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.shared.steps import is_short, preempt_youngest, run_on
from edge_llm_baselines.schedulers.shared.work import decoding, tokens_to_prefill
from edge_llm_env.engine.actions import admit_action
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import EngineState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def choose(params: EngineParams, state: EngineState, row: int, numbers: NDArray[np.float64]) -> int:
    """Every decode takes a token of the budget (number 0), prompts share the rest (arXiv 2403.02310, algorithm 3).

    Who waits is admitted in order while budget is left, the first who does not fit keeps out all behind. Where blocks
    are short the youngest is preempted. Chunks are those that the engine offers: the largest within the budget.
    """
    if is_short(params, state, row):
        return preempt_youngest(params, state, row)
    left = numbers[0] - decoding(state, row)
    if tokens_to_prefill(state, row) < left and state.action_mask[row, admit_action(params, 0)]:
        return admit_action(params, 0)
    return run_on(params, state, row, left)


@compiled
def choose_rows(
    params: EngineParams, state: EngineState, numbers: NDArray[np.float64], actions: NDArray[np.int64]
) -> None:
    """The actions of all rows, of which each has its own numbers."""
    for row in range(len(actions)):
        actions[row] = choose(params, state, row, numbers[row])
