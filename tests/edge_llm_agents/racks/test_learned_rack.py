"""A forecast that is learned, and what is earned by it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_llm_agents.pretrained.saved_policies import Card, load_policy, save_policy
from edge_llm_agents.racks.forecast import features_of_workload, seen
from edge_llm_agents.racks.learning import RackSettings, learn_rack
from edge_llm_agents.racks.policy import LearnedRack
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_baselines.racks.earning import earned
from edge_llm_baselines.racks.smoothing import OwnAndFeeders
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.envs.suite import SCALING

SETTINGS = RackSettings(episodes=40, ridges=(3.0,), cautions=(0.6,), validation_episodes=2)


@pytest.fixture(scope="module")
def in_short_episodes() -> LearnedRack:
    """What is learned in `feeder-rack`, of 20 epochs an episode."""
    return learn_rack(load_scenario("feeder-rack", **{"epoch.episode_epochs": 20}), SETTINGS).policy


def test_learning_pays_and_a_saved_policy_plays_the_same(tmp_path: Path):
    scenario = load_scenario("feeder-rack")
    found, again = (learn_rack(scenario, SETTINGS, seed=0) for _ in range(2))
    assert np.array_equal(found.policy.forecast.weights, again.policy.forecast.weights)
    workloads = draw_workloads(scenario, 10)
    learned = earned(found.policy.acting, scenario, workloads)
    rule = earned(lambda env: OwnAndFeeders(env, 0.18, 0.11, 2.05, 0.36, 5, 6), scenario, workloads)
    assert learned.reward.mean() > 1.1 * rule.reward.mean()
    card = Card("feeder-rack", {}, "ridge regression", {}, 0, found.epoch_steps, {}, {})
    save_policy(found.policy, card, tmp_path / "mine")
    loaded, _ = load_policy(tmp_path / "mine", scenario)
    assert np.array_equal(earned(loaded.acting, scenario, workloads[:2]).reward, learned.reward[:2])
    assert earned(loaded.acting, scenario, workloads[3:4]).reward[0] == learned.reward[3]


def test_what_is_seen_is_what_the_workload_has(in_short_episodes: LearnedRack):
    scenario = load_scenario("feeder-rack", **{"epoch.episode_epochs": 20})
    workloads = draw_workloads(scenario, 2)
    env = vector_of(SCALING, scenario, workloads)
    played = play(env, in_short_episodes, workloads=workloads)
    shown = [seen(step.observation, scenario, env.simulation.params) for step in played]
    env.close()
    for row, workload in enumerate(workloads):
        expected = features_of_workload(workload, scenario, env.simulation.params)
        assert np.stack([one.features[row] for one in shown]) == pytest.approx(expected, abs=1e-6)


def test_groups_stay_as_they_are():
    """In groups that nobody regroups it plays as where their size is given."""
    arrivals = {"kind": "diurnal", "rate_per_s": 4.0, "amplitude": 0.8, "period_s": 150.0}
    small = {"epoch.episode_epochs": 30, "workload.arrivals": arrivals}
    chosen = load_scenario("grouped-rack", **small, **{"rack.group_sizes": [2, 4]})
    given = load_scenario("grouped-rack", **small, **{"rack.group_sizes": None, "rack.modules_per_group": 2})
    workloads = draw_workloads(chosen, 3)
    one, two = (
        earned(learn_rack(scenario, SETTINGS).policy.acting, scenario, workloads) for scenario in (chosen, given)
    )
    assert one.served.min() > 0
    assert one.reward == pytest.approx(two.reward)


def test_weights_of_another_scenario_are_refused(in_short_episodes: LearnedRack):
    with pytest.raises(ValueError, match=r"weights of shape \(207, 20\): must be \(15, 20\) in diurnal-rack"):
        in_short_episodes.for_scenario(load_scenario("diurnal-rack"))
