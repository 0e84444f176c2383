"""Fewest calls left first, for the calls of agent tasks: an index by what is told of their tasks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.shared.steps import NONE, give_up_late, run_on
from edge_llm_baselines.schedulers.shared.work import tokens_to_prefill
from edge_llm_env.engine.actions import admit_action
from edge_llm_env.engine.call_state import TaskEngineState
from edge_llm_env.engine.params import TaskEngineParams
from edge_llm_env.engine.state import N_RUNNING
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.progress import told_calls_left


@compiled
def choose(params: TaskEngineParams, state: TaskEngineState, row: int, numbers: NDArray[np.float64]) -> int:
    """The action of a row; see `choose_priced`."""
    return choose_priced(params, state, row, numbers, numbers[:0])


@compiled
def choose_priced(
    params: TaskEngineParams,
    state: TaskEngineState,
    row: int,
    numbers: NDArray[np.float64],
    prices: NDArray[np.float64],
) -> int:
    """Of the call with the fewest calls of its task left, by kind and calls done where no more is told, is admitted.

    Budget of prompts' tokens and most sequences are numbers 0 and 1. A task that is not begun is only begun while it
    has number 2 seconds for each of its calls. Who is late is given up, waiting or running.

    `prices` are factors on the calls that each task has left, at its first call, infinite for one that is to be left;
    empty where there are none.
    """
    action = give_up_late(params, state, row)
    if action != NONE:
        return action
    if tokens_to_prefill(state, row) < numbers[0] and state.counters[row, N_RUNNING] < numbers[1]:
        best, least = NONE, math.inf
        for slot in range(min(state.in_slots[row], params.waiting_slots)):
            if state.action_mask[row, admit_action(params, slot)]:
                call = state.waiting[row, slot]
                left = told_calls_left(params.tasks, state, row, call)
                begun = state.calls_served[row, state.task_first[row, call]] > 0
                slack_s = state.first_due_s[row, call] - state.now_s[row]
                price = prices[state.task_first[row, call]] if len(prices) > 0 else 1.0
                if price * left < least and (begun or slack_s >= numbers[2] * left):
                    best, least = admit_action(params, slot), price * left
        if best != NONE:
            return best
    return run_on(params, state, row, numbers[0])


@compiled
def choose_rows(
    params: TaskEngineParams, state: TaskEngineState, numbers: NDArray[np.float64], actions: NDArray[np.int64]
) -> None:
    """The actions of all rows, of which each has its own numbers."""
    for row in range(len(actions)):
        actions[row] = choose(params, state, row, numbers[row])
