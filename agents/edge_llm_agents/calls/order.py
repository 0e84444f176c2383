"""The order in which an engine admits calls of tasks, by learned numbers of which fewest calls left is one choice."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.policy import Scheduler
from edge_llm_baselines.schedulers.shared.steps import NONE, give_up_late, run_on
from edge_llm_baselines.schedulers.shared.work import expected_tokens, tokens_to_prefill, work_s
from edge_llm_env.engine.actions import admit_action
from edge_llm_env.engine.blocks import held_blocks
from edge_llm_env.engine.call_state import TaskEngineState
from edge_llm_env.engine.params import TaskEngineParams
from edge_llm_env.engine.state import N_RUNNING
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.progress import told_calls_left

RULE = ("prompt_tokens", "sequences", "slack_s_per_call")
"""The numbers of the rule *fewest calls left*."""

SPREADS = {
    "left": 0.3,
    "done": 0.2,
    "work": 0.3,
    "output": 0.15,
    "kept": 0.6,
    "blocks": 2.0,
    "not_begun": 0.3,
    "slack": 0.2,
    "work_by_load": 0.4,
    "kept_by_load": 0.6,
    "not_begun_by_load": 0.6,
    "slack_by_load": 0.4,
    "begin": 2.0,
    "begin_by_load": 3.0,
    "sequences": 0.1,
}
"""The numbers by name, and by how much each is varied at first."""

(
    LEFT, DONE, WORK, OUTPUT, KEPT, BLOCKS, NOT_BEGUN, SLACK,
    WORK_LOAD, KEPT_LOAD, NOT_BEGUN_LOAD, SLACK_LOAD, BEGIN, BEGIN_LOAD, SEQUENCES,
) = range(len(RULE), len(RULE) + len(SPREADS))  # fmt: skip

USUAL_LOAD = 0.25
"""Calls that wait, as a part of the running slots: there the numbers by load change nothing."""

USUAL_WORK_S, USUAL_OUTPUT_TOKENS, USUAL_S_PER_CALL = 0.1, 64.0, 6.0
LEAST_SLACK_S, LARGEST_LOG = 0.1, 2.0
LARGEST_CHANGE = 6.0
"""Of the logarithm of the calls left, either way."""


@compiled
def cost(
    params: TaskEngineParams, state: TaskEngineState, row: int, call: int, load: float, numbers: NDArray[np.float64]
) -> float:
    """What a waiting call of a row costs, of which the least is admitted: the calls left times e^x.

    With z calls of its task left as told, d done, w its work beside others over 0.1 s, n the tokens of its output, k
    the part of its prompt that is kept, b the blocks that it would hold as a part of all, f = 1 where d = 0,
    s = log(slack / 6z s), between -2 and 2, and l the calls that wait over the running slots, at most 1, less 1/4:

    x = n₀·log z + n₁·log(1 + d) + n₂·log w + n₃·log₂(n / 64) + n₄·k + n₅·b + n₆·f + n₇·s
    + l·(n₈·log w + n₉·k + n₁₀·f + n₁₁·s).
    """
    first = state.task_first[row, call]
    left, done = told_calls_left(params.tasks, state, row, call), state.calls_served[row, first]
    calls = max(1.0, left)
    work = math.log(work_s(params, state, row, call) / USUAL_WORK_S)
    output = math.log2(expected_tokens(params, state, row, call) / USUAL_OUTPUT_TOKENS)
    kept = state.reused_tokens[row, call] / state.target[row, call]
    blocks = held_blocks(params, state, row, call) / params.blocks
    slack_s = max(LEAST_SLACK_S, state.first_due_s[row, call] - state.now_s[row])
    slack = max(-LARGEST_LOG, min(LARGEST_LOG, math.log(slack_s / (USUAL_S_PER_CALL * calls))))
    change = numbers[LEFT] * math.log(calls) + numbers[DONE] * math.log(1.0 + done)
    change += (numbers[WORK] + load * numbers[WORK_LOAD]) * work + numbers[OUTPUT] * output
    change += (numbers[KEPT] + load * numbers[KEPT_LOAD]) * kept + numbers[BLOCKS] * blocks
    if done == 0:
        change += numbers[NOT_BEGUN] + load * numbers[NOT_BEGUN_LOAD]
    change += (numbers[SLACK] + load * numbers[SLACK_LOAD]) * slack
    return left * math.exp(max(-LARGEST_CHANGE, min(LARGEST_CHANGE, change)))


@compiled
def choose(params: TaskEngineParams, state: TaskEngineState, row: int, numbers: NDArray[np.float64]) -> int:
    """The action of a row: that of *fewest calls left*, with the numbers of RULE, but for the order of admission,
    the seconds that a task needs for each call to be begun, and the most sequences, which those of SPREADS correct.
    """
    action = give_up_late(params, state, row)
    if action != NONE:
        return action
    waiting = min(state.in_slots[row], params.waiting_slots)
    load = min(1.0, waiting / params.running_slots) - USUAL_LOAD
    most = numbers[1] * math.exp(numbers[SEQUENCES])
    if tokens_to_prefill(state, row) < numbers[0] and state.counters[row, N_RUNNING] < most:
        needed_s = numbers[2] + numbers[BEGIN] + load * numbers[BEGIN_LOAD]
        best, least = NONE, math.inf
        for slot in range(waiting):
            if state.action_mask[row, admit_action(params, slot)]:
                call = state.waiting[row, slot]
                left = told_calls_left(params.tasks, state, row, call)
                begun = state.calls_served[row, state.task_first[row, call]] > 0
                slack_s = state.first_due_s[row, call] - state.now_s[row]
                price = cost(params, state, row, call, load, numbers)
                if price < least and (begun or slack_s >= needed_s * left):
                    best, least = admit_action(params, slot), price
        if best != NONE:
            return best
    return run_on(params, state, row, numbers[0])


@compiled
def choose_rows(
    params: TaskEngineParams, state: TaskEngineState, numbers: NDArray[np.float64], actions: NDArray[np.int64]
) -> None:
    """The actions of all rows, of which each has its own numbers: those of RULE, then those of SPREADS."""
    for row in range(len(actions)):
        actions[row] = choose(params, state, row, numbers[row])


ORDER = Scheduler(choose_rows)
"""As a scheduler, whose numbers a search finds."""
