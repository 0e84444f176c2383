"""Schedules of levels that earn much, beside the rules and the bound; tiny ones stand in `test_reward_bound`."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from edge_llm_baselines.levels.clairvoyant import Effort, scheduled_by_levels
from edge_llm_baselines.levels.earning import earned_by_levels
from edge_llm_baselines.levels.reward_bound import most_by_levels
from edge_llm_baselines.levels.schedule import ScheduledLevels, modules_of, replayed_levels
from edge_llm_baselines.playing.earned import Earned
from edge_llm_baselines.registry.levels import OF_LEVELS
from edge_llm_env import Scenario, Workload, draw_workloads, load_scenario

RULES = tuple(OF_LEVELS.rules[key].acting(0, None) for key in ("best-levels", "per-second"))
FEW = Effort(100, 10, 20)


@cache
def scheduled(seed: int) -> tuple[Scenario, Workload, Earned]:
    """A short episode with compressed prompts and five variants, its schedule and its bound."""
    scenario = load_scenario("service-levels", **{"epoch.episode_epochs": 5})
    workload = draw_workloads(scenario, 3, 1)[seed]
    return scenario, workload, scheduled_by_levels(scenario, workload, RULES, FEW)


@pytest.mark.parametrize("seed", range(3))
def test_rules_earn_no_more_than_the_schedule_and_that_no_more_than_the_bound(seed: int):
    scenario, workload, found = scheduled(seed)
    by_rules = [earned_by_levels(make, scenario, [workload]).reward[0] for make in RULES]
    assert max(by_rules) < found.reward[0] <= most_by_levels(scenario, workload)
    assert found.served[0] <= found.arrived[0]


def test_equal_seeds_find_equal_schedules():
    scenario, workload, found = scheduled(0)
    again = scheduled_by_levels(scenario, workload, RULES, FEW)
    assert again.reward == found.reward


def test_a_rule_that_is_replayed_earns_the_same_again():
    scenario = load_scenario("service-levels", **{"epoch.episode_epochs": 5})
    workload = draw_workloads(scenario, 1, 2)[0]
    for make in (*RULES, OF_LEVELS.rules["random"].acting(0, None)):
        schedule = replayed_levels(make, scenario, workload)
        once, again = (
            earned_by_levels(one, scenario, [workload])
            for one in (make, lambda env, schedule=schedule: ScheduledLevels(env, schedule))
        )
        assert again.reward == once.reward
        assert again.served == once.served
        np.testing.assert_array_equal(modules_of(scenario, workload, schedule.targets), schedule.assignment.modules)


def test_a_search_begins_somewhere():
    scenario = load_scenario("service-levels", **{"epoch.episode_epochs": 1})
    with pytest.raises(ValueError, match="rules: must have at least one"):
        scheduled_by_levels(scenario, draw_workloads(scenario, 1, 0)[0], [])
