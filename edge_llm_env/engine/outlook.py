"""What a request still needs, and whether it can meet its objectives."""

from __future__ import annotations

from edge_llm_env.engine.params import KNOWN, EngineParams, EngineTasks
from edge_llm_env.engine.state import EngineState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def prefill_alone_s(params: EngineParams, state: EngineState, row: int, request: int) -> float:
    """Time of what is left of a request's prefill, in one pass of its own (s)."""
    target, cached = float(state.target[row, request]), float(state.cached[row, request])
    time = params.time
    tokens, pairs = target - cached, 0.5 * (target * target - cached * cached)
    return time.prefill_pass + time.prefill_token * tokens + time.prefill_pair * pairs + time.prefill_sequence


@compiled
def is_late(params: EngineParams, state: EngineState, row: int, request: int) -> bool:
    """Whether a request can no longer meet its objectives, however alone it were served from now on.

    Of the pace of its further tokens that is said only where the agent knows their number.
    """
    return misses(params, state, params.tasks, row, request)


@compiled
def misses(params: EngineParams, state: EngineState, tasks: EngineTasks | None, row: int, request: int) -> bool:
    """The same; of a call, the objective is its task's deadline."""
    now_s, time = state.now_s[row], params.time
    if tasks is not None:
        return answered_s(params, state, row, request) > state.first_due_s[row, request]
    if state.generated[row, request] == 0:
        return now_s + prefill_alone_s(params, state, row, request) > state.first_due_s[row, request]
    if state.first_s[row, request] > state.first_due_s[row, request]:
        return True
    if params.lengths != KNOWN:
        return False
    left = state.output_tokens[row, request] - state.generated[row, request]
    further = state.output_tokens[row, request] - 1
    soonest_s = now_s + left * (time.decode_pass + time.decode_sequence)
    return soonest_s > state.first_s[row, request] + further * state.tpot_s[row, request]


@compiled
def answered_s(params: EngineParams, state: EngineState, row: int, call: int) -> float:
    """When a call can be answered at the soonest, however alone (s): its next token where the agent knows no more."""
    tokens, begins_s = 1, state.now_s[row]
    if params.lengths == KNOWN:
        tokens = state.output_tokens[row, call] - state.generated[row, call]
    if state.cached[row, call] < state.target[row, call]:
        tokens -= 1
        begins_s += prefill_alone_s(params, state, row, call)
    return begins_s + tokens * (params.time.decode_pass + params.time.decode_sequence)


@compiled
def is_slow(state: EngineState, tasks: EngineTasks | None, row: int, request: int) -> bool:
    """Whether the last token that a request has just had came too late: at its pace, or for its task's deadline."""
    now_s = state.now_s[row]
    if tasks is None:
        further = state.output_tokens[row, request] - 1
        return now_s - state.first_s[row, request] > further * state.tpot_s[row, request]
    return now_s > state.first_due_s[row, request]
