"""Rules of service levels, and what none of them exceeds."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines.levels.bounds import hindsight_of_levels
from edge_llm_baselines.levels.earning import earned_by_levels
from edge_llm_baselines.levels.reward_bound import most_by_levels
from edge_llm_baselines.registry.levels import OF_LEVELS
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.scenarios.content import ScenarioError

TUNED = {"waits": 0.3, "level_partition": [0.0, 0.0, 0.0, 1.0, 0.0]}
FEW = {"epoch.episode_epochs": 3, "epoch.visible_slots": 6, "workload.arrivals.rate_per_s": 1.0}


def test_no_rule_serves_or_earns_more_than_the_bounds():
    scenario = load_scenario("service-levels", **FEW)
    workloads = draw_workloads(scenario, 2, 0)
    bounds = hindsight_of_levels(scenario, workloads)
    most = np.array([most_by_levels(scenario, workload) for workload in workloads])
    assert (bounds.served <= bounds.upper_bound).all()
    found = {
        key: earned_by_levels(rule.acting(0, rule.of(TUNED)), scenario, workloads)
        for key, rule in OF_LEVELS.playable(scenario, TUNED).items()
    }
    for one in found.values():
        assert (one.served <= bounds.upper_bound).all()
        assert (one.reward <= most).all()
        np.testing.assert_allclose(one.reward, one.served * one.beside["accuracy"])
    assert found["best-levels"].reward.sum() > found["random"].reward.sum()
    assert (most <= [workload.requests for workload in workloads]).all()


def test_a_compressed_prompt_lets_more_be_served_than_whole_ones():
    compressed = load_scenario("service-levels", **FEW, **{"workload.value": "threshold"})
    whole = load_scenario(compressed, **{"node.compression_levels": []})
    workloads = draw_workloads(compressed, 2, 0)
    rule = OF_LEVELS.rules["best-levels"].acting(0, None)
    served = [earned_by_levels(rule, one, workloads).served.sum() for one in (compressed, whole)]
    assert served[0] > served[1]
    bounds = [[most_by_levels(one, workload) for workload in workloads] for one in (compressed, whole)]
    assert np.all(np.array(bounds[0]) >= bounds[1]), "whoever need not compress has no less"


def test_what_has_no_bound_is_refused():
    scenario = load_scenario("service-levels", **FEW)
    with pytest.raises(ValueError, match="must have at least one workload"):
        hindsight_of_levels(scenario, [])
    spending = load_scenario(scenario, **{"reward.energy": 0.01})
    with pytest.raises(ScenarioError, match="energy: must be at most 0"):
        most_by_levels(spending, draw_workloads(spending, 1, 0)[0])
