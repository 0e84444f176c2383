"""Multilevel feedback: who has had least of the engine goes first, without known lengths."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.shared.steps import NONE, is_short, run_on
from edge_llm_baselines.schedulers.shared.work import tokens_to_prefill
from edge_llm_env.engine.actions import admit_action, preempt_action
from edge_llm_env.engine.outlook import prefill_alone_s
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import N_RUNNING, EngineState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def level(params: EngineParams, state: EngineState, row: int, request: int, first_s: float) -> float:
    """The queue that a request is in: each lasts twice as long as the one before; a prompt counts from the start."""
    time = params.time
    had_s = state.generated[row, request] * (time.decode_pass + time.decode_sequence)
    return math.floor(math.log2(1.0 + (prefill_alone_s(params, state, row, request) + had_s) / first_s))


@compiled
def choose(params: EngineParams, state: EngineState, row: int, numbers: NDArray[np.float64]) -> int:
    """Skip-join multilevel feedback (FastServe, arXiv 2305.05920, section 4.1), first queue of number 0 (s).

    The lowest level is admitted first, in order of arrival within one. Where blocks are short, the highest level makes
    room, the youngest of it. Prompts have budgets of number 1. FastServe preempts by priority at any iteration; here
    preemption opens only where blocks are short or somebody is late, so that a low level waits for a free place.
    """
    if is_short(params, state, row):
        worst, highest = NONE, -1.0
        for slot in range(state.counters[row, N_RUNNING]):
            at = level(params, state, row, state.running[row, slot], numbers[0])
            if at >= highest:
                worst, highest = preempt_action(params, slot), at
        return worst
    if tokens_to_prefill(state, row) < numbers[1]:
        best, least = NONE, math.inf
        for slot in range(min(state.in_slots[row], params.waiting_slots)):
            if state.action_mask[row, admit_action(params, slot)]:
                at = level(params, state, row, state.waiting[row, slot], numbers[0])
                if at < least:
                    best, least = admit_action(params, slot), at
        if best != NONE:
            return best
    return run_on(params, state, row, numbers[1])


@compiled
def choose_rows(
    params: EngineParams, state: EngineState, numbers: NDArray[np.float64], actions: NDArray[np.int64]
) -> None:
    """The actions of all rows, of which each has its own numbers."""
    for row in range(len(actions)):
        actions[row] = choose(params, state, row, numbers[row])
