"""Static batching: nobody joins a batch that has begun, as request-level engines do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.shared.steps import NONE, first_open_admission, is_short, preempt_youngest, run_on
from edge_llm_baselines.schedulers.shared.work import has_begun
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import EngineState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def choose(params: EngineParams, state: EngineState, row: int, numbers: NDArray[np.float64]) -> int:
    """Who waits is admitted in order as long as nothing of the batch is computed; then it runs to its end.

    Finished sequences leave, and are not replaced (FasterTransformer, as in Orca, OSDI 2022, section 2).
    """
    if is_short(params, state, row):
        return preempt_youngest(params, state, row)
    action = NONE if has_begun(params, state, row) else first_open_admission(params, state, row)
    return action if action != NONE else run_on(params, state, row, params.budgets[-1])


@compiled
def choose_rows(
    params: EngineParams, state: EngineState, numbers: NDArray[np.float64], actions: NDArray[np.int64]
) -> None:
    """The actions of all rows, of which each has its own numbers."""
    for row in range(len(actions)):
        actions[row] = choose(params, state, row, numbers[row])
