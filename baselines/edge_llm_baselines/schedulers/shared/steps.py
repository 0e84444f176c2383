"""Actions that schedulers take, and who they are about."""

from __future__ import annotations

from edge_llm_env.engine.actions import admit_action, drop_action, preempt_action, run_action
from edge_llm_env.engine.iterating import lacking_blocks
from edge_llm_env.engine.outlook import is_late
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import N_RUNNING, EngineState
from edge_llm_env.support.compilation.compiling import compiled

NONE = -1
"""No slot, no action."""


@compiled
def drop_late(params: EngineParams, state: EngineState, row: int) -> int:
    """The action that drops the first waiting request which is late; NONE if nobody is."""
    for slot in range(params.waiting_slots):
        if state.action_mask[row, drop_action(params, slot)]:
            return drop_action(params, slot)
    return NONE


@compiled
def preempt_late(params: EngineParams, state: EngineState, row: int) -> int:
    """The action that preempts the youngest running request which is late; NONE if nobody is."""
    for slot in range(state.counters[row, N_RUNNING] - 1, -1, -1):
        if is_late(params, state, row, state.running[row, slot]):
            return preempt_action(params, slot)
    return NONE


@compiled
def is_short(params: EngineParams, state: EngineState, row: int) -> bool:
    """Whether the next decodes lack blocks, so that somebody must be preempted."""
    return lacking_blocks(params, state, row, 1) > 0


@compiled
def preempt_youngest(params: EngineParams, state: EngineState, row: int) -> int:
    """The action that preempts who was admitted last."""
    return preempt_action(params, state.counters[row, N_RUNNING] - 1)


@compiled
def give_up_late(params: EngineParams, state: EngineState, row: int) -> int:
    """The action that gives up who is late, waiting or running, or else makes room for the next decodes; NONE if
    nobody is late and they have room.
    """
    action = drop_late(params, state, row)
    if action == NONE:
        action = preempt_late(params, state, row)
    if action == NONE and is_short(params, state, row):
        action = preempt_youngest(params, state, row)
    return action


@compiled
def run_on(params: EngineParams, state: EngineState, row: int, tokens: float) -> int:
    """The action that runs on with the largest budget of up to so many tokens, or the least that is open."""
    chosen = NONE
    for choice in range(len(params.budgets)):
        if state.action_mask[row, run_action(params, choice)] and (chosen == NONE or params.budgets[choice] <= tokens):
            chosen = run_action(params, choice)
    return chosen


@compiled
def first_open_admission(params: EngineParams, state: EngineState, row: int) -> int:
    """The action that admits whoever waits longest; NONE where that is not open: the first keeps out all behind."""
    return admit_action(params, 0) if state.action_mask[row, admit_action(params, 0)] else NONE
