"""What an agent sees of tasks, beside what it sees of requests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.epoch import load_batch, utilisation_of
from edge_llm_env.dynamics.state import PENDING
from edge_llm_env.envs.calls.caches import cache_features, observe_caches
from edge_llm_env.envs.calls.features import CALL_FEATURES, features_of_slot, observe_call
from edge_llm_env.envs.observation.features import CONTEXT_FEATURES, OBSERVATION, SLOT_FEATURES
from edge_llm_env.envs.observation.kernels import clipped, observe, observe_admission
from edge_llm_env.envs.observation.layout import Block, Feature, once, per_slot
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.calls import MEMORY, rule_of_row, waiting_rule
from edge_llm_env.task_dynamics.params import KEEP_OR_SWAP, TaskParams, kept_slots, swaps_caches
from edge_llm_env.task_dynamics.state import N_RUNNING, TaskState

TASKS_FEATURES = (
    Feature("kept_memory", "M", "memory of all caches that are kept on the node, bytes"),
    Feature("running", "Q", "tasks that have arrived and neither are completed nor have failed"),
    Feature(
        "host_free",
        "host memory",
        "host memory that no cache takes, where caches are swapped, bytes",
        where=swaps_caches,
    ),
    Feature(
        "moving",
        "window",
        "time until caches have left the node, which the batch waits for, likewise, s",
        where=swaps_caches,
    ),
)

_OF_CALLS = (*OBSERVATION, per_slot(*CALL_FEATURES))

_OF_MEMORY = (
    once(*TASKS_FEATURES),
    per_slot(
        Feature("in_host", "1", "1 if what is cached for the call is in host memory, likewise", where=swaps_caches)
    ),
)

OBSERVATION_OF_CALLS = (*_OF_CALLS, *_OF_MEMORY)
"""The layout where a batch is chosen of calls."""

OBSERVATION_WITH_CACHES = (
    *_OF_CALLS,
    Block(cache_features("longest latency requirement"), "kept slot", kept_slots),
    *_OF_MEMORY,
)
"""The layout where caches can be dropped too."""

_CONTEXT, _SLOT = len(CONTEXT_FEATURES), len(SLOT_FEATURES)
_BATCH_MEMORY = next(at for at, one in enumerate(CONTEXT_FEATURES) if one.name == "batch_memory")


@compiled
def observe_calls(params: TaskParams, state: TaskState, row: int, observation: NDArray[np.float32]) -> None:
    """Write a row's whole observation, of shape (length,)."""
    observe(waiting_rule(params, state, row), params, state, row, observation)
    observe_tasks(params, state, row, observation)


@compiled
def observe_tasks(params: TaskParams, state: TaskState, row: int, observation: NDArray[np.float32]) -> None:
    """Write what there is of tasks and of the memory, of the calls that are open."""
    observe_memory(params, state, row, observation)
    slots, size = state.slot_request.shape[1], features_of_slot(params, state)
    for slot in range(state.visible[row]):
        at = _CONTEXT + slots * _SLOT + slot * size
        call = state.slot_request[row, slot]
        if state.status[row, call] != PENDING:
            observation[at : at + size] = 0.0
            continue
        cached = state.slot_reused_tokens[row, slot] / params.longest_prompt_tokens
        observe_call(params, state, row, call, cached, observation, at)
    end = observe_caches(params, state, row, observation, _CONTEXT + slots * (_SLOT + size))
    observation[end] = clipped(state.kept_bytes[row] / params.memory_limit_bytes)
    observation[end + 1] = clipped(state.counters[row, N_RUNNING] / slots)
    if params.kv_cache == KEEP_OR_SWAP:
        observe_host(params, state, row, observation, end + 2)


@compiled
def observe_host(params: TaskParams, state: TaskState, row: int, observation: NDArray[np.float32], at: int) -> None:
    """Write from an entry on what of the host is free, how long caches move, and of each slot whether its is there."""
    observation[at] = clipped((params.host_bytes - state.swapped_bytes[row]) / max(1.0, params.host_bytes))
    observation[at + 1] = clipped(state.moving_s[row] / params.window_s)
    observation[at + 2 : at + 2 + state.slot_request.shape[1]] = 0.0
    for slot in range(state.visible[row]):
        is_open = state.status[row, state.slot_request[row, slot]] == PENDING
        observation[at + 2 + slot] = is_open and state.slot_returned_bytes[row, slot] > 0.0


@compiled
def observe_admitted_call(
    params: TaskParams, state: TaskState, row: int, slot: int, observation: NDArray[np.float32]
) -> None:
    """Bring a row's observation up to date after one admission: calls beside it have one less to wait for."""
    observe_admission(waiting_rule(params, state, row), params, state, row, slot, observation)
    observe_tasks(params, state, row, observation)


@compiled
def observe_memory(params: TaskParams, state: TaskState, row: int, observation: NDArray[np.float32]) -> None:
    """Write what weights, caches that are kept and the batch take of the memory."""
    own = rule_of_row(params, state, row)
    batch_bytes = utilisation_of(own, load_batch(state, row))[MEMORY] * own.memory_limit_bytes
    observation[_BATCH_MEMORY] = clipped((batch_bytes + state.kept_bytes[row]) / params.memory_limit_bytes)
