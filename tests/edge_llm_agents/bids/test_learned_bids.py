"""Bids that are searched for: where they begin, what they may not be, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_agents.bids.policy import FEATURES, LEAST_BID, LearnedBids
from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_baselines.nodes.policy import GahPolicy
from edge_llm_baselines.playing.roll_out import roll_out, vector_of
from edge_llm_env import Scenario, draw_workloads, load_scenario
from edge_llm_env.envs.suite import MULTI_NODE
from experiments.learning.commands.bids import Bids
from experiments.learning.networks.bids import bids_runs, bids_table

SMALL = {"epoch.episode_epochs": 6, "epoch.visible_slots": 24}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("hotspot", **SMALL)


def test_weights_of_zero_are_gah_and_a_population_shares_the_rows(scenario: Scenario):
    workloads = draw_workloads(scenario, 2)
    gah = roll_out(GahPolicy, MULTI_NODE, scenario, workloads).served
    drawn = np.random.default_rng(0).normal(0.0, 1.0, len(FEATURES))
    both = evaluate_learned(LearnedBids(np.stack((np.zeros_like(drawn), drawn)), scenario), scenario, workloads * 2)
    assert both.served[:2].tolist() == gah.tolist()
    alone = evaluate_learned(LearnedBids(drawn, scenario), scenario, workloads).served
    assert both.served[2:].tolist() == alone.tolist()
    assert alone.tolist() != gah.tolist()


def test_a_bid_is_by_the_requests_own_features_and_never_none(scenario: Scenario):
    env = vector_of(MULTI_NODE, scenario, workloads := draw_workloads(scenario, 1))
    observation, _ = env.reset(options={"workloads": workloads})
    observation, *_ = env.step(np.zeros(env.action_space.shape))
    weights = np.zeros(len(FEATURES))
    weights[FEATURES.index("slack")] = 1.0
    bids = LearnedBids(weights, scenario).acting(env).predict(observation)[0].reshape(5, 24)
    simulation = env.unwrapped.simulation
    for server in range(5):
        shown = int(simulation.state.nodes.visible[server])
        slack_s = simulation.state.nodes.slot_slack_s[server, :shown]
        expected = slack_s / simulation.node_params(server).longest_latency_s
        assert bids[server, :shown] == pytest.approx(expected, abs=1e-6)
    lowest = LearnedBids(np.full(len(FEATURES), -9.0), scenario).acting(env).predict(observation)[0]
    assert lowest.min() == pytest.approx(LEAST_BID)
    env.close()


def test_searches_follow_their_seed_and_are_held_against_gah(scenario: Scenario):
    settings = Bids(generations=1, episodes=1, validate_every=1, validation_episodes=1)
    one, again = (next(bids_runs(scenario, settings, (3,), episodes=2)) for _ in range(2))
    assert one == again
    assert len(one["curve"]) == 2
    ratio = 100.0 * one["served_per_episode"] / one["gah_served_per_episode"]
    assert one["percent_of_gah"]["mean"] == pytest.approx(ratio)
    assert bids_table({"settings": {"scenario": "hotspot"}, "runs": [one]}).rows[0][:2] == ("`hotspot`", "3")


def test_weights_of_another_size_are_refused(scenario: Scenario):
    with pytest.raises(ValueError, match=r"weights of shape \(3,\): must have 8 per member"):
        LearnedBids(np.zeros(3), scenario)
