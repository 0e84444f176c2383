"""Hindsight of agent tasks: bound ≥ programme ≥ schedule ≥ every replayed rule, and windows hold what is played."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.batches import OF_BATCHES
from edge_llm_baselines.tasks.bound import task_bound
from edge_llm_baselines.tasks.clairvoyant.hindsight import hindsight_of_tasks
from edge_llm_baselines.tasks.clairvoyant.planned import planned
from edge_llm_baselines.tasks.windows import Windows
from edge_llm_env import draw_workloads
from edge_llm_env.envs.suite import BATCH_SELECTION
from tests.references.tasks.most_tasks import most_tasks
from tests.support.tasks import small_tasks

NUMBERS = {"index": [2.0, 0.0, 0.0], "admission": [2.0, 0.5, 0.2], "chance": [2.0, 0.0, 0.0], "stretch": 1.0}
SETTINGS = {
    "few": {"workload__arrivals__rate_per_s": 0.5},
    "many": {"workload__arrivals__rate_per_s": 4.0, "workload__output_tokens": [64, 128]},
    "dropped": {"workload__tasks__kv_cache": "drop", "workload__arrivals__rate_per_s": 2.0},
    "swapped": {
        "workload__tasks__kv_cache": "keep_or_swap",
        "workload__tasks__cache_share": 1e-4,
        "iterations__host_memory_bytes": 1e9,
        "workload__arrivals__rate_per_s": 2.0,
    },
    "roofline": {"node__cost_model": "roofline", "workload__arrivals__rate_per_s": 1.5},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_bound_programme_schedule_and_rules_stand_in_order(name: str) -> None:
    scenario = small_tasks(epoch__episode_epochs=12, **SETTINGS[name])
    workloads = draw_workloads(scenario, 2, seed=5)
    rules = OF_BATCHES.policies(scenario, NUMBERS, 0)
    found = hindsight_of_tasks(scenario, workloads, list(rules.values()))
    played = np.array([roll_out(rule, BATCH_SELECTION, scenario, workloads).served for rule in rules.values()])
    assert (found.served >= played.max(axis=0)).all()
    for workload, schedule, bound in zip(workloads, found.served, found.upper_bound, strict=True):
        windows = Windows.of(scenario, workload)
        exact, plan = most_tasks(windows), planned(windows, 1.0, np.random.default_rng(0))
        assert len(np.unique(windows.task[plan >= 0])) <= exact
        assert schedule <= exact <= task_bound(windows, int(schedule)) == bound <= windows.possible().sum()


@pytest.mark.parametrize("name", SETTINGS)
def test_a_plan_lies_within_windows_and_fits(name: str) -> None:
    scenario = small_tasks(epoch__episode_epochs=12, **SETTINGS[name])
    (workload,) = draw_workloads(scenario, 1, seed=6)
    windows = Windows.of(scenario, workload)
    epoch = planned(windows, 1.0, np.random.default_rng(0))
    calls = np.bincount(windows.task[epoch >= 0], minlength=windows.tasks)
    of_task = np.bincount(windows.task, minlength=windows.tasks)
    assert ((calls == 0) | (calls == of_task)).all()
    assert (calls > 0).any()
    for call in np.flatnonzero(epoch >= 0):
        assert windows.first[call] <= epoch[call] <= windows.last[call]
        for back, gap in zip(windows.predecessors[call], windows.gaps[call], strict=True):
            assert back == 0 or epoch[call] >= epoch[call - back] + gap
    for one in np.unique(epoch[epoch >= 0]):
        batch = epoch == one
        assert windows.work_s[batch].sum() <= windows.room_s[windows.level[batch].max()] * (1.0 + 1e-9)


def test_multipliers_bound_what_counting_does_not() -> None:
    scenario = small_tasks(epoch__episode_epochs=12, workload__arrivals__rate_per_s=30.0)
    (workload,) = draw_workloads(scenario, 1, seed=5)
    windows = Windows.of(scenario, workload)
    assert task_bound(windows, 0) < 0.8 * windows.possible().sum()


@pytest.mark.parametrize("name", SETTINGS)
def test_what_is_played_lies_within_windows_and_fits(name: str) -> None:
    scenario = small_tasks(epoch__episode_epochs=12, **SETTINGS[name])
    (workload,) = draw_workloads(scenario, 1, seed=6)
    windows, possible = Windows.of(scenario, workload), Windows.of(scenario, workload).possible()
    env = gym.make(BATCH_SELECTION, scenario=scenario, disable_env_checker=True)
    env.reset(options={"workload": workload})
    state, rng = env.unwrapped.simulation.state, np.random.default_rng(0)
    served_in = np.full(workload.requests, -1)
    for epoch in range(scenario.epoch.episode_epochs):
        before = state.status[0, : workload.requests] == 2
        env.step((rng.random(env.unwrapped.simulation.slots) < 0.8).astype(np.int8))
        served = (state.status[0, : workload.requests] == 2) & ~before
        served_in[served] = epoch
        if served.any():
            assert windows.work_s[served].sum() <= windows.room_s[windows.level[served].max()]
    of_task = np.bincount(windows.task, weights=served_in < 0, minlength=windows.tasks)
    complete = (of_task == 0)[windows.task]
    assert complete.any()
    assert possible[windows.task[complete]].all()
    assert (windows.first[complete] <= served_in[complete]).all()
    assert (served_in[complete] <= windows.last[complete]).all()
