"""What an agent sees of tasks, behind what it sees of an engine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.engine.blocks import blocks_to_fetch
from edge_llm_env.engine.call_state import TaskEngineState
from edge_llm_env.engine.params import EngineParams, EngineTasks
from edge_llm_env.engine.state import N_RUNNING, WAITING
from edge_llm_env.envs.calls.caches import cache_features, features_of_cache, observe_cache
from edge_llm_env.envs.calls.features import CALL_FEATURES, features_of_slot, observe_call
from edge_llm_env.envs.continuous_batching.observation import OBSERVATION, entries_of
from edge_llm_env.envs.observation.kernels import clipped
from edge_llm_env.envs.observation.layout import Block, Feature, once, per_slot
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.params import KEEP_OR_SWAP, swaps_caches
from edge_llm_env.task_dynamics.state import N_RUNNING as N_TASKS_RUNNING

RUNNING_CALL_FEATURES = (
    Feature("task_slack", "longest TTFT", "time until its task is due, s"),
    *(feature._replace(name=f"running_{feature.name}") for feature in CALL_FEATURES),
)
"""Of each running slot. The slack of a waiting call is among what is seen of requests."""

TASKS_FEATURES = (
    Feature("kept_blocks", "blocks", "blocks of all caches that are kept"),
    Feature("tasks_running", "Q", "tasks that have arrived and neither are completed nor have failed"),
)


OBSERVATION_OF_CALLS = (
    *OBSERVATION,
    per_slot(*CALL_FEATURES),
    Block(RUNNING_CALL_FEATURES, "running slot", lambda scenario: scenario.iterations.running_slots),
    Block(cache_features("longest TTFT"), "kept slot", lambda scenario: scenario.iterations.running_slots),
    once(*TASKS_FEATURES),
    once(
        Feature(
            "host_free",
            "host blocks",
            "blocks of host memory that nobody holds, where caches of tasks are swapped",
            where=swaps_caches,
        )
    ),
    per_slot(
        Feature(
            "in_host", "1", "1 if what is cached for the waiting call is in host memory, likewise", where=swaps_caches
        )
    ),
)
"""The layout where an engine serves the calls of tasks."""


@compiled
def observe_tasks(
    params: EngineParams, state: Any, tasks: EngineTasks | None, row: int, observation: NDArray[np.float32]
) -> None:
    """Write what there is of tasks; nothing where these are None, as where requests are on their own."""
    if tasks is None:
        return
    at, size = entries_of(params), features_of_slot(tasks, state)
    observation[at:] = 0.0
    for slot in range(min(state.in_slots[row], params.waiting_slots)):
        call = state.waiting[row, slot]
        cached = state.reused_tokens[row, call] / params.longest_prompt_tokens
        observe_call(tasks, state, row, call, cached, observation, at + slot * size)
    at += params.waiting_slots * size
    for slot in range(state.counters[row, N_RUNNING]):
        call = state.running[row, slot]
        cached = state.reused_tokens[row, call] / params.longest_prompt_tokens
        slack_s = state.first_due_s[row, call] - state.now_s[row]
        observation[at + slot * (1 + size)] = clipped(slack_s / params.longest_ttft_s)
        observe_call(tasks, state, row, call, cached, observation, at + slot * (1 + size) + 1)
    at += params.running_slots * (1 + size)
    size = features_of_cache(tasks, state)
    for slot in range(state.in_kept[row]):
        first = state.kept[row, slot]
        cached = state.cached_tokens[row, first] / params.longest_prompt_tokens
        slack_s = state.first_due_s[row, first] - state.now_s[row]
        slack = slack_s / params.longest_ttft_s
        observe_cache(tasks, state, row, first, slack, cached, WAITING, observation, at + slot * size)
    at += params.running_slots * size
    observation[at] = state.kept_blocks[row] / params.blocks
    observation[at + 1] = clipped(state.counters[row, N_TASKS_RUNNING] / params.waiting_slots)
    if tasks.kv_cache == KEEP_OR_SWAP:
        observe_host(params, state, tasks, row, observation, at + 2)


@compiled
def observe_host(
    params: EngineParams,
    state: TaskEngineState,
    tasks: EngineTasks,
    row: int,
    observation: NDArray[np.float32],
    at: int,
) -> None:
    """Write from an entry on what part of host memory is free, and of each waiting slot whether its cache is there."""
    observation[at] = state.host_free[row] / max(1, params.host_blocks)
    for slot in range(min(state.in_slots[row], params.waiting_slots)):
        call = state.waiting[row, slot]
        there = state.in_host[row, call] or blocks_to_fetch(params, state, tasks, row, call) > 0
        observation[at + 1 + slot] = there
