"""What searches cost: counted per epoch, cut short where they are."""

from __future__ import annotations

import gymnasium as gym

from edge_llm_baselines import DFTSP, BatchProblem
from edge_llm_env import load_scenario
from experiments.speed.exact.search_effort import SearchEffort, UnprunedTree, search_effort

SCENARIO = load_scenario(
    "paper-bloom-3b", **{"workload.arrivals.rate_per_s": 8.0, "epoch.episode_epochs": 3, "epoch.visible_slots": 64}
)


def test_the_unpruned_tree_finds_the_largest_batch_of_each_epoch():
    env = gym.make("EdgeLLM/BatchSelection-v0", scenario=SCENARIO)
    for seed in range(3):
        env.reset(seed=seed)
        problem = BatchProblem.of_row(env.unwrapped.simulation)
        largest, found = DFTSP().solve(problem), UnprunedTree(10**6).solve(problem)
        assert found.optimal
        assert (found.value, problem.is_feasible(found.selected)) == (largest.value, True)
        assert found.nodes >= largest.nodes


def test_effort_is_summed_over_epochs_and_says_where_it_was_cut_short():
    whole = search_effort(SCENARIO, node_limit=10**6)
    assert len(whole.candidates) == 3
    assert not any(whole.stopped.values())
    cut = search_effort(SCENARIO, node_limit=20)
    assert cut.candidates == whole.candidates
    assert cut.nodes["dftsp"] == whole.nodes["dftsp"] <= 60
    assert cut.nodes["unpruned"] <= 60 < whole.nodes["unpruned"]
    assert cut.stopped["unpruned"] > 0


def test_node_reduction_by_hand():
    effort = SearchEffort([4], {"dftsp": 3, "unpruned": 12, "none": 0}, {}, {})
    assert effort.node_reduction("unpruned") == 0.75
    assert effort.node_reduction("none") == 0.0
