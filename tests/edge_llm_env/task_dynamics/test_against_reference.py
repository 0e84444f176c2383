"""The dynamics of tasks agree with `tests/references/tasks/plain_tasks.py`, call by call."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env import draw_workloads
from edge_llm_env.envs.observation.layout import names
from edge_llm_env.envs.suite import BATCH_SELECTION, BATCHING
from edge_llm_env.scenarios.sections.reward_settings import ALL_TERMS
from tests.references.tasks import seen_tasks
from tests.references.tasks.plain_tasks import ReferenceTasks
from tests.support.tasks import TASK_WEIGHTS, small_tasks

TIGHT_MEMORY = {"node__modules": 1, "node__memory_bytes_per_module": 6.5e9, "node__device": "rtx-4090"}
"""Caches take much of what the weights leave."""

SWAPPED = {
    "workload__tasks__kv_cache": "keep_or_swap",
    "workload__tasks__cache_share": 1e-4,
    "iterations__host_link_bytes_per_s": 1e9,
}

SETTINGS: dict[str, dict[str, Any]] = {
    "kept while slack": {},
    "dropped": {"workload__tasks__kv_cache": "drop"},
    "kept, memory tight": {"workload__tasks__kv_cache": "keep", **TIGHT_MEMORY},
    "with signals": {"workload__tasks__signals": {}},
    "while slack, memory tight": {"workload__tasks__cache_share": 0.3, **TIGHT_MEMORY},
    "kept and dropped by action": {"workload__tasks__drop_by_action": True, "workload__tasks__kv_cache": "keep"},
    "dropped by action, memory tight": {
        "workload__tasks__drop_by_action": True,
        "workload__tasks__kv_cache": "keep",
        "epoch__visible_slots": 3,
        **TIGHT_MEMORY,
    },
    "swapped": {**SWAPPED, "iterations__host_memory_bytes": 1e9},
    "swapped over a slow link to a small host, memory tight": {
        **SWAPPED,
        "iterations__host_memory_bytes": 2e8,
        "iterations__host_link_bytes_per_s": 1e8,
        **TIGHT_MEMORY,
    },
    "swapped by action": {
        **SWAPPED,
        "workload__tasks__cache_share": 0.2,
        "workload__tasks__drop_by_action": True,
        "iterations__host_memory_bytes": 4e8,
        **TIGHT_MEMORY,
    },
}


def scenario_of(setting: str) -> Any:
    weights = {name.replace(".", "__"): weight for name, weight in TASK_WEIGHTS.items()}
    return small_tasks(**SETTINGS[setting], **weights)


def assert_agrees(info: dict[str, Any], reward: float, observation: Any, reference: ReferenceTasks, at: dict) -> None:
    counted = reference.counters()
    assert {name: info[name] for name in counted} == counted
    assert info["arrived"] == info["served"] + info["expired"] + info["rejected"] + info["pending"]
    assert info["tasks_arrived"] == info["tasks_completed"] + info["tasks_failed"] + info["tasks_running"]
    assert info["action_mask"].tolist() == reference.mask()
    assert list(info["reward_terms"]) == list(ALL_TERMS)
    for name, paid in reference.reward_terms.items():
        assert info["reward_terms"][name] == pytest.approx(paid, rel=1e-9, abs=1e-9), name
    assert reward == pytest.approx(sum(reference.reward_terms.values()), rel=1e-9, abs=1e-9)
    for name, value in seen_tasks.host(reference).items():
        assert observation[at[name]] == pytest.approx(value, rel=1e-5, abs=1e-6), name
    for slot, shown in enumerate(seen_tasks.slots(reference)):
        for name, value in shown.items():
            assert observation[at[f"{name}[{slot}]"]] == pytest.approx(value, rel=1e-5, abs=1e-6), (name, slot)
    if "kept[0]" in at:
        caches = seen_tasks.kept_slots(reference)
        assert observation[
            [at[f"kept[{slot}]"] for slot in range(reference.scenario.epoch.visible_slots)]
        ].sum() == len(caches)
        for slot, shown in enumerate(caches):
            for name, value in shown.items():
                assert observation[at[f"{name}[{slot}]"]] == pytest.approx(value, rel=1e-5, abs=1e-6), (name, slot)
    memory = (reference._memory_bytes(reference.batch, reference.kept_bytes)) / reference.node.memory_limit_bytes
    assert observation[at["batch_memory"]] == pytest.approx(memory, rel=1e-5)
    compute_s = reference.moving_s + reference._compute_s(reference.batch) if reference.batch else 0.0
    assert observation[at["batch_compute"]] == pytest.approx(compute_s / reference.node.window_s, rel=1e-5)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("env_id", [BATCHING, BATCH_SELECTION])
def test_an_episode_is_that_of_the_reference_call_by_call(env_id: str, setting: str) -> None:
    scenario = scenario_of(setting)
    env = gym.make(env_id, scenario=scenario, disable_env_checker=True)
    at = {name: place for place, name in enumerate(names(env.unwrapped.mechanism.observation, scenario))}
    seen = dict.fromkeys(("tasks_completed", "tasks_failed", "calls_wasted", "cached_tokens_reused"), 0)
    epochs_of_swapped = 0
    for workload in draw_workloads(scenario, 3, seed=5):
        workload.validate()
        reference = ReferenceTasks(scenario, workload)
        observation, info = env.reset(options={"workload": workload})
        rng, truncated = np.random.default_rng(1), False
        while not truncated:
            if env_id == BATCHING:
                valid = np.flatnonzero(info["action_mask"])
                action: Any = int(rng.choice(valid)) if rng.random() < 0.97 else 0
                reference.step_batching(action)
            else:
                chances = [0.8] * scenario.epoch.visible_slots + [0.2] * env.unwrapped.simulation.kept_slots
                action = (rng.random(len(chances)) < chances).astype(np.int8)
                reference.step_batch_selection(action.tolist())
            observation, reward, _, truncated, info = env.step(action)
            assert_agrees(info, reward, observation, reference, at)
            epochs_of_swapped += reference.swapped_bytes > 0.0
        for name in seen:
            seen[name] += info[name]
    assert seen["tasks_completed"] > 10
    assert seen["tasks_failed"] > 5
    assert seen["calls_wasted"] > 0
    assert (seen["cached_tokens_reused"] > 0) == (setting != "dropped")
    assert (epochs_of_swapped > 20) == setting.startswith("swapped")
