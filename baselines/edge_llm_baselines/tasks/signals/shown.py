"""What has been shown so far of the tasks whose calls are visible."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.tasks.signals.scores import Scores
from edge_llm_env.dynamics.state import PENDING, SERVED
from edge_llm_env.task_dynamics.state import TaskState


def mean_scores(
    scores: Scores, state: TaskState, row: NDArray[np.intp], call: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Of n visible calls, the mean score of all calls of their tasks that are or were visible, (n,)."""
    first, calls = state.task_first[row, call], state.task_calls[row, call]
    of = np.repeat(np.arange(len(call)), calls)
    begins = np.cumsum(calls) - calls
    every = first[of] + np.arange(len(of)) - begins[of]
    fate = state.status[row[of], every]
    shown = (fate == SERVED) | (fate == PENDING)
    of, every = of[shown], every[shown]
    found = scores(state.task_kind[row[of], every].astype(np.int64), state.signals[row[of], every])
    counted = np.bincount(of, minlength=len(call))
    mean: NDArray[np.float64] = np.bincount(of, weights=found, minlength=len(call)) / np.maximum(counted, 1)
    return mean
