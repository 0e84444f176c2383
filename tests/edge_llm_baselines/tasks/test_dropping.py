"""Caches dropped by action when memory lacks, in epochs."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines.tasks.orders import expected_calls_left
from edge_llm_baselines.tasks.policy import CallsInOrderDropping, largest_unread
from edge_llm_env import draw_workloads
from edge_llm_env.envs.suite import BATCH_SELECTION
from tests.support.tasks import small_tasks

TIGHT = small_tasks(
    workload__tasks__kv_cache="keep",
    workload__tasks__drop_by_action=True,
    node__modules=1,
    node__memory_bytes_per_module=6.1e9,
    node__device="rtx-4090",
)


def test_the_largest_caches_are_dropped_that_no_visible_call_reads_until_all_fit() -> None:
    env = gym.make(BATCH_SELECTION, scenario=TIGHT, disable_env_checker=True).unwrapped
    policy, dropped = CallsInOrderDropping(expected_calls_left, env), 0
    for workload in draw_workloads(TIGHT, 3):
        observation, info = env.reset(options={"workload": workload})
        state, truncated = env.simulation.state, False
        while not truncated:
            action, _ = policy.predict(observation)
            slots = np.flatnonzero(action[env.simulation.slots :])
            assert slots.tolist() == sorted(largest_unread(env.simulation, 0).tolist())
            first = state.kept[0, slots].copy()
            visible = state.task_first[0, state.slot_request[0, : state.visible[0]]].copy()
            assert not np.isin(first, visible).any()
            others = np.setdiff1d(np.setdiff1d(state.kept[0, : state.in_kept[0]], visible), first)
            if len(first) and len(others):
                assert state.cached_tokens[0, first].min() >= state.cached_tokens[0, others].max()
            observation, _, _, truncated, info = env.step(action)
            assert info["not_admitted"] == 0
            dropped += len(first)
    assert dropped > 5


def test_it_needs_an_action_that_drops() -> None:
    env = gym.make(BATCH_SELECTION, scenario=small_tasks())
    with pytest.raises(ValueError, match=r"workload\.tasks\.drop_by_action"):
        CallsInOrderDropping(expected_calls_left, env)
