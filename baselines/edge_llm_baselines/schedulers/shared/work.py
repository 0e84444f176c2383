"""What is under way and what is still to come, in time and tokens: compiled questions about one row."""

from __future__ import annotations

import math

from edge_llm_env.engine.blocks import had_before
from edge_llm_env.engine.iterating import decode_cost, is_decoding
from edge_llm_env.engine.outlook import prefill_alone_s
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import N_RUNNING, EngineState
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def decoding(state: EngineState, row: int) -> int:
    """Sequences that decode."""
    decodes = 0
    for slot in range(state.counters[row, N_RUNNING]):
        decodes += is_decoding(state, row, state.running[row, slot])
    return decodes


@compiled
def tokens_to_prefill(state: EngineState, row: int) -> int:
    """Tokens of prompts of the running batch that are still to be computed."""
    tokens = 0
    for slot in range(state.counters[row, N_RUNNING]):
        request = state.running[row, slot]
        tokens += state.target[row, request] - state.cached[row, request]
    return tokens


@compiled
def step_s(params: EngineParams, state: EngineState, row: int, more: int, contexts: int) -> float:
    """Time of an iteration in which all of the running batch decode (s), and so many more with such contexts."""
    for slot in range(state.counters[row, N_RUNNING]):
        request = state.running[row, slot]
        contexts += max(state.target[row, request], state.cached[row, request]) + 1
    return decode_cost(params.time, state.counters[row, N_RUNNING] + more, contexts)


@compiled
def pace_slack_s(state: EngineState, row: int) -> float:
    """Time until the first of the decoding sequences should have its next token (s); infinite without any."""
    least = math.inf
    for slot in range(state.counters[row, N_RUNNING]):
        request = state.running[row, slot]
        if is_decoding(state, row, request):
            due_s = state.first_s[row, request] + state.generated[row, request] * state.tpot_s[row, request]
            least = min(least, due_s - state.now_s[row])
    return least


@compiled
def has_begun(params: EngineParams, state: EngineState, row: int) -> bool:
    """Whether anything of the running batch is computed, beyond what was cached of tasks before."""
    begun = False
    for slot in range(state.counters[row, N_RUNNING]):
        request = state.running[row, slot]
        begun |= state.cached[row, request] > had_before(state, params.tasks, row, request)
    return begun


@compiled
def expected_tokens(params: EngineParams, state: EngineState, row: int, request: int) -> float:
    """Output tokens that a request is expected to need still: as it is told, else half of the longest."""
    told = float(state.told_tokens[row, request])
    return max(1.0, (told if told > 0.0 else 0.5 * params.longest_output_tokens) - state.generated[row, request])


@compiled
def work_s(params: EngineParams, state: EngineState, row: int, request: int) -> float:
    """Time that a request takes of the engine beside others (s): its prefill, and its sequence in every decode."""
    time, tokens = params.time, expected_tokens(params, state, row, request)
    context = state.target[row, request] + 0.5 * tokens
    each_s = time.decode_sequence + time.decode_context * context
    return prefill_alone_s(params, state, row, request) + tokens * each_s
