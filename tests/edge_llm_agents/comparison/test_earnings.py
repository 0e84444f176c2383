"""Comparisons where the reward of an episode counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_llm_agents.comparison.comparing import ComparisonInterrupted, compare
from edge_llm_agents.comparison.records import BOUND, SCHEDULE
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.racks.learning import RackSettings
from edge_llm_agents.records.fields import BESIDE
from edge_llm_agents.seeded.training import train_seeds
from edge_llm_baselines.levels.reward_bound import most_by_levels
from edge_llm_baselines.racks.clairvoyant import most_earned
from edge_llm_baselines.registry import registered
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.envs.suite import SCALING, SERVICE_LEVEL
from edge_llm_env.registration import environment
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.workload import Workload


def test_policies_of_a_rack_are_ranked_by_what_they_earn():
    scenario = load_scenario("feeder-rack", **{"epoch.episode_epochs": 30})
    found = compare(["time-of-day", "random"], scenario, env_id=SCALING, episodes=4, hindsight_episodes=2)
    rewards = {one["policy"]: one["reward_per_episode"] for one in found.policies}
    means = [float(np.mean(one["reward_per_episode"])) for one in found.policies]
    assert means == sorted(means, reverse=True)
    workloads = draw_workloads(scenario, 4, 0)
    most = [most_earned(scenario, workload) for workload in workloads[:2]]
    (bound,) = (one for one in rewards.values() if len(one) == 2)
    assert bound == most
    time_of_day = next(one for one in found.policies if one["policy"] == "time of day")
    rules = baselines_of(SCALING)
    oracle = np.array(rewards[rules.reference])
    gained = np.array(time_of_day["reward_per_episode"])[:2] - oracle[:2]
    assert time_of_day["gap_closed_percent"] == 100.0 * gained.sum() / (np.sum(most) - oracle[:2].sum())
    assert time_of_day["beside"].keys() == {"modules"} <= BESIDE.keys()
    header = found.table().splitlines()[0]
    assert all(column in header for column in ("reward", "served %", "modules"))


def test_policies_of_levels_are_ranked_by_the_accuracy_they_deliver():
    few = {"epoch.episode_epochs": 3, "epoch.visible_slots": 6, "workload.arrivals.rate_per_s": 1.0}
    scenario = load_scenario("service-levels", **few)
    found = compare(["cheapest", "random"], scenario, env_id=SERVICE_LEVEL, episodes=2, hindsight_episodes=1)
    means = [float(np.mean(one["reward_per_episode"])) for one in found.policies]
    assert means == sorted(means, reverse=True)
    (bound,) = (one["reward_per_episode"] for one in found.policies if one["policy"] == BOUND)
    first = draw_workloads(scenario, 2, 0)[0]
    assert bound == [most_by_levels(scenario, first)]
    (schedule,) = (one for one in found.policies if one["policy"] == SCHEDULE)
    assert schedule["served_per_episode"] == [round(schedule["served_percent"] / 100.0 * first.requests)]
    for one in found.policies:
        if one["policy"] != BOUND:
            assert one["reward_per_episode"][0] <= schedule["reward_per_episode"][0] <= bound[0]
            assert 0.0 < one["beside"]["accuracy"] <= 1.0
            assert one["beside"].keys() == {"accuracy"} <= BESIDE.keys()
    assert all(column in found.table().splitlines()[0] for column in ("reward", "served %", "accuracy"))


def test_ctrl_c_in_the_first_bound_leaves_what_can_be_saved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def interrupted(scenario: Scenario, workload: Workload) -> float:
        raise KeyboardInterrupt

    rules = baselines_of(SCALING)
    assert rules.earning is not None
    broken = replace(rules, earning=replace(rules.earning, most=interrupted))
    monkeypatch.setitem(registered._REGISTERED, SCALING, broken)
    scenario = load_scenario("feeder-rack", **{"epoch.episode_epochs": 30})
    with pytest.raises(ComparisonInterrupted) as interruption:
        compare(["time-of-day"], scenario, env_id=SCALING, episodes=2, hindsight_episodes=1)
    found = interruption.value.comparison
    assert {one["policy"] for one in found.policies} == {rules.reference, "time of day"}
    assert [one["gap_closed_percent"] for one in found.policies] == [None, None]
    assert found.save(tmp_path)[0].exists()
    assert "time of day" in found.table()


def test_every_seed_is_judged_by_reward():
    scenario = load_scenario("feeder-rack", **{"epoch.episode_epochs": 30})
    judge = judge_of(SCALING, scenario, 3)
    told_nothing = {key: one for key, one in judge.played.items() if not baselines_of(SCALING).rules[key].informed}
    assert judge.played[judge.best_rule].reward.sum() == max(one.reward.sum() for one in told_nothing.values())
    for one in judge.played.values():
        assert (one.reward <= judge.most + 1e-6).all()
    settings = RackSettings(episodes=20, ridges=(3.0,), cautions=(0.6,), validation_episodes=2)
    *_, last = train_seeds("feeder-rack", {"epoch.episode_epochs": 30}, settings, [0, 1, 2], judge)
    rewards = {run["seed"]: run["reward"] for run in last.record["runs"]}
    assert rewards[last.record["median_seed"]] == sorted(rewards.values())[1]
    assert last.card.seed == last.record["median_seed"]
    assert "of the gap to what nobody exceeds" in judge.line(last.record["runs"][-1])
    assert environment(last.record["environment"]).id == SCALING
