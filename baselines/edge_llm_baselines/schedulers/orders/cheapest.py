"""Cheapest first: who takes least of the engine, by class, while decodes keep within the tightest pace."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.shared.steps import NONE, give_up_late, run_on
from edge_llm_baselines.schedulers.shared.work import pace_slack_s, step_s, tokens_to_prefill, work_s
from edge_llm_env.engine.actions import admit_action
from edge_llm_env.engine.outlook import prefill_alone_s
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import N_RUNNING, EngineState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def tightest_tpot_s(state: EngineState, row: int) -> float:
    """The least time per token that anybody in the running batch must have (s)."""
    least = math.inf
    for slot in range(state.counters[row, N_RUNNING]):
        least = min(least, state.tpot_s[row, state.running[row, slot]])
    return least


@compiled
def choose(params: EngineParams, state: EngineState, row: int, numbers: NDArray[np.float64]) -> int:
    """The action of a row; see `choose_priced`."""
    return choose_priced(params, state, row, numbers, numbers[:0])


@compiled
def choose_priced(
    params: EngineParams, state: EngineState, row: int, numbers: NDArray[np.float64], prices: NDArray[np.float64]
) -> int:
    """The rule of three numbers: weight of a class, share of the pace, share of the slack.

    Who is late is given up, waiting or running. Of the others the one with the least work is admitted, that of class k
    times the weight to the power of k, while a decode step with it stays below a share of the tightest pace and its
    prompt comes in time behind those before it. The chunk is what a share of the least slack of any pace has time for.

    `prices` are factors on the work of each request, infinite for one that is to be left; empty where there are none.
    """
    action = give_up_late(params, state, row)
    if action != NONE:
        return action
    time, tokens = params.time, tokens_to_prefill(state, row)
    best, least = NONE, math.inf
    for slot in range(min(state.in_slots[row], params.waiting_slots)):
        if state.action_mask[row, admit_action(params, slot)]:
            request = state.waiting[row, slot]
            pace_s = numbers[1] * min(tightest_tpot_s(state, row), state.tpot_s[row, request])
            in_time = (
                state.now_s[row] + time.prefill_token * tokens + prefill_alone_s(params, state, row, request)
                <= state.first_due_s[row, request]
                or state.generated[row, request] > 0
            )
            cost = work_s(params, state, row, request) * numbers[0] ** state.service_class[row, request]
            if len(prices) > 0:
                cost *= prices[request]
            alone = state.counters[row, N_RUNNING] == 0
            paced = alone or step_s(params, state, row, 1, state.target[row, request]) <= pace_s
            if in_time and paced and cost < least:
                best, least = admit_action(params, slot), cost
    if best != NONE:
        return best
    spare_s = numbers[2] * pace_slack_s(state, row) - step_s(params, state, row, 0, 0)
    return run_on(params, state, row, spare_s / time.prefill_token)


@compiled
def choose_rows(
    params: EngineParams, state: EngineState, numbers: NDArray[np.float64], actions: NDArray[np.int64]
) -> None:
    """The actions of all rows, of which each has its own numbers."""
    for row in range(len(actions)):
        actions[row] = choose(params, state, row, numbers[row])
