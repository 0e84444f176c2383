"""What an agent sees of an engine: its layout, and the kernel that writes it.

A float32 vector: the engine, then the waiting slots, then the running slots. Every entry lies in 0..1 (other values are
clipped). The features of an empty slot are all 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.engine.actions import admit_action
from edge_llm_env.engine.blocks import blocks_to_fetch, held_blocks
from edge_llm_env.engine.iterating import is_decoding
from edge_llm_env.engine.outlook import prefill_alone_s
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.state import N_BEYOND, N_RUNNING, N_UPLOADING, EngineState
from edge_llm_env.envs.observation.kernels import clipped
from edge_llm_env.envs.observation.layout import Block, Feature, once, per_slot
from edge_llm_env.support.compilation.compiling import compiled

ENGINE_FEATURES = (
    Feature("blocks_free", "blocks", "blocks of the KV cache that nobody holds"),
    Feature("running", "B", "sequences in the running batch"),
    Feature("decoding", "B", "of these, those whose prompt is done"),
    Feature("to_prefill", "largest budget", "tokens of the running batch's prompts that are not computed yet"),
    Feature("iteration", "longest TPOT", "time of the last iteration, s"),
    Feature("iteration_tokens", "B and largest budget", "tokens of the last iteration"),
    Feature("waiting", "Q", "waiting slots in use"),
    Feature("beyond_visible", "Q", "waiting requests that no slot shows"),
    Feature("uploading", "Q", "requests whose prompts are on their way"),
)

WAITING_FEATURES = (
    Feature("present", "1", "1 if the slot holds a waiting request"),
    Feature("admissible", "1", "1 if it can be admitted now"),
    Feature("ttft", "longest TTFT", "its class's most to the first token, s"),
    Feature("tpot", "longest TPOT", "its class's most per further token, s"),
    Feature(
        "prompt",
        "longest prompt",
        "tokens to prefill, those generated before a preemption too",
    ),
    Feature("told_output", "longest output", "output tokens as the agent is told; 0 if it is not"),
    Feature("age", "longest TTFT", "time since arrival, s"),
    Feature("slack", "longest TTFT", "time until its prefill must begin, if alone, s"),
    Feature("blocks", "blocks", "blocks that it needs"),
    Feature("generated", "longest output", "output tokens that it has from before a preemption"),
)

RUNNING_FEATURES = (
    Feature("runs", "1", "1 if the slot holds a running request"),
    Feature("prefilled", "1", "share of its prompt that is computed"),
    Feature("running_ttft", "longest TTFT", "its class's most to the first token, s"),
    Feature("running_tpot", "longest TPOT", "its class's most per further token, s"),
    Feature("running_generated", "longest output", "output tokens so far"),
    Feature("running_told_output", "longest output", "output tokens as the agent is told; 0 if it is not"),
    Feature("held", "blocks", "blocks that it holds"),
    Feature("pace_slack", "longest TTFT", "time until its first token, or its next one at its pace, is due, s"),
    Feature("first_late", "1", "1 if its first token came too late"),
)

_ENGINE, _WAITING, _RUNNING = len(ENGINE_FEATURES), len(WAITING_FEATURES), len(RUNNING_FEATURES)

OBSERVATION = (
    once(*ENGINE_FEATURES),
    per_slot(*WAITING_FEATURES),
    Block(RUNNING_FEATURES, "running slot", lambda scenario: scenario.iterations.running_slots),
)
"""The layout."""


@compiled
def entries_of(params: EngineParams) -> int:
    """Entries of the layout."""
    return _ENGINE + params.waiting_slots * _WAITING + params.running_slots * _RUNNING


@compiled
def observe(params: EngineParams, state: EngineState, row: int, observation: NDArray[np.float32]) -> None:
    """Write the observation of a row."""
    observe_engine(params, state, row, observation)
    observe_waiting(params, state, row, observation)
    observe_running(params, state, row, observation)


@compiled
def observe_engine(params: EngineParams, state: EngineState, row: int, observation: NDArray[np.float32]) -> None:
    """Write the engine's entries."""
    running, slots, largest = state.counters[row, N_RUNNING], params.waiting_slots, params.budgets[-1]
    decodes = to_prefill = 0
    for slot in range(running):
        request = state.running[row, slot]
        decodes += is_decoding(state, row, request)
        to_prefill += state.target[row, request] - min(state.cached[row, request], state.target[row, request])
    observation[0] = state.free_blocks[row] / params.blocks
    observation[1] = running / params.running_slots
    observation[2] = decodes / params.running_slots
    observation[3] = clipped(to_prefill / largest)
    observation[4] = clipped(state.last_iteration_s[row] / params.longest_tpot_s)
    observation[5] = clipped(state.last_tokens[row] / (params.running_slots + largest))
    observation[6] = min(state.in_slots[row], slots) / slots
    observation[7] = clipped(state.counters[row, N_BEYOND] / slots)
    observation[8] = clipped(state.counters[row, N_UPLOADING] / slots)


@compiled
def observe_waiting(params: EngineParams, state: EngineState, row: int, observation: NDArray[np.float32]) -> None:
    """Write the entries of the waiting slots."""
    now_s, at = state.now_s[row], _ENGINE
    waiting = min(state.in_slots[row], params.waiting_slots)
    for slot in range(waiting):
        request = state.waiting[row, slot]
        kind = state.service_class[row, request]
        slack_s = state.first_due_s[row, request] - now_s - prefill_alone_s(params, state, row, request)
        observation[at] = 1.0
        observation[at + 1] = state.action_mask[row, admit_action(params, slot)]
        observation[at + 2] = params.class_ttft_s[kind] / params.longest_ttft_s
        observation[at + 3] = params.class_tpot_s[kind] / params.longest_tpot_s
        to_prefill = state.target[row, request] - min(state.cached[row, request], state.target[row, request])
        observation[at + 4] = clipped(to_prefill / params.longest_prompt_tokens)
        observation[at + 5] = clipped(state.told_tokens[row, request] / params.longest_output_tokens)
        observation[at + 6] = clipped((now_s - state.arrival_s[row, request]) / params.longest_ttft_s)
        observation[at + 7] = clipped(slack_s / params.longest_ttft_s)
        fetched = blocks_to_fetch(params, state, params.tasks, row, request)
        observation[at + 8] = clipped((held_blocks(params, state, row, request) + fetched) / params.blocks)
        observation[at + 9] = clipped(state.generated[row, request] / params.longest_output_tokens)
        at += _WAITING
    for entry in range(at, _ENGINE + params.waiting_slots * _WAITING):
        observation[entry] = 0.0


@compiled
def observe_running(params: EngineParams, state: EngineState, row: int, observation: NDArray[np.float32]) -> None:
    """Write the entries of the running slots."""
    now_s, at = state.now_s[row], _ENGINE + params.waiting_slots * _WAITING
    running = state.counters[row, N_RUNNING]
    for slot in range(running):
        request = state.running[row, slot]
        kind, generated = state.service_class[row, request], state.generated[row, request]
        due_s = state.first_due_s[row, request]
        late = False
        if generated > 0:
            late = state.first_s[row, request] > due_s
            due_s = state.first_s[row, request] + generated * state.tpot_s[row, request]
        observation[at] = 1.0
        observation[at + 1] = clipped(state.cached[row, request] / state.target[row, request])
        observation[at + 2] = params.class_ttft_s[kind] / params.longest_ttft_s
        observation[at + 3] = params.class_tpot_s[kind] / params.longest_tpot_s
        observation[at + 4] = clipped(generated / params.longest_output_tokens)
        observation[at + 5] = clipped(state.told_tokens[row, request] / params.longest_output_tokens)
        observation[at + 6] = held_blocks(params, state, row, request) / params.blocks
        observation[at + 7] = clipped((due_s - now_s) / params.longest_ttft_s)
        observation[at + 8] = late
        at += _RUNNING
    for entry in range(at, entries_of(params)):
        observation[entry] = 0.0
