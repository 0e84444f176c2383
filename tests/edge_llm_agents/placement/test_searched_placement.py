"""Placement that is found by search: what loads are worth, what is counted on, the search and its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_llm_agents.placement.demand import AGES_EPOCHS, demand_of_rows, shown_arrivals
from edge_llm_agents.placement.fitting import PlacementSettings, fit_placement
from edge_llm_agents.placement.function import PlacementFunction
from edge_llm_agents.placement.search import PlacementSearchSettings, search_placement
from edge_llm_agents.placement.searched import SearchedPlacement
from edge_llm_agents.placement.worth import worthy_loads_of_rows
from edge_llm_agents.pretrained.saved_policies import Card, load_policy, save_policy
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_env import Scenario, ScenarioError, draw_workloads, load_scenario
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.nodes.params import network_params
from edge_llm_env.workload.streams import Stream


def placed(epochs: int = 20) -> Scenario:
    """The preset, shorter."""
    return load_scenario("placement", **{"epoch.episode_epochs": epochs})


def wanted(demand: list[float], keep: float = 0.0, lag: tuple[int, ...] = (0, 0), room: float = 1.0) -> list[int]:
    """What two nodes of a module each should hold that hold variants 0 and 1 of 3 and serve 5 requests an epoch."""
    return worthy_loads_of_rows(
        np.array([[demand]]),
        np.array([[0, 1]]),
        np.array([lag]),
        np.array([0, 1]),
        np.full((2, 3), 5.0),
        np.ones((1, 1)),
        np.array([keep]),
        np.array([room]),
    )[0].tolist()


def test_the_load_that_adds_most_comes_first_and_what_others_serve_counts_no_more():
    assert wanted([4.0, 1.0, 3.0]) == [0, 2]
    assert wanted([0.0, 1.0, 3.0]) == [2, 1]
    assert wanted([0.0, 1.0, 7.0]) == [2, 2]  # the second serves the 2 that the first leaves
    assert wanted([0.0, 1.0, 7.0], room=2.0) == [2, 1]
    assert wanted([0.0, 2.5, 3.0], keep=2.0) == [2, 1]
    assert wanted([1.0, 1.5, 3.0], keep=2.0) == [0, 1]
    assert wanted([0.0, 1.0, 3.0], lag=(2, 0)) == [0, 2]


def test_demand_follows_ages_and_the_table_of_each_cell():
    recent, ages = np.zeros((1, 2, 3)), np.zeros((1, 2, 3))
    recent[0, 0, 1], ages[0, 0, 1] = 4.0, 5.0
    recent[0, 1, 1], ages[0, 1, 1] = 2.0, 99.0
    stays = np.array([[1.0, 1.0, 0.5, 0.25, 0.0, 0.0]])
    comes = np.array([[0.0, 0.0, 0.5, 1.0, 1.0, 2.0]])
    followers = np.zeros((1, 2, 3, 3))
    followers[0, 0, 1, 2], followers[0, 1, 1, 0] = 1.0, 0.5
    demand = demand_of_rows(recent, ages, stays, comes, followers)
    assert AGES_EPOCHS[2:4] == (4.0, 6.0)
    assert demand[0].tolist() == [2.0 * 2.0 * 0.5, 4.0 * 0.375, 4.0 * 0.75]


def test_arrivals_are_read_from_the_end_of_an_observation():
    params = network_params(placed())
    tail = np.zeros((2, 17, 4, 6), dtype=np.float32)
    tail[1, 0, 2, 3], tail[1, 1, 2, 3], tail[1, 2, 2, 3] = 0.25, 0.5, 1.0
    observations = np.concatenate((np.ones((2, 7), dtype=np.float32), tail.reshape(2, -1)), axis=1)
    recent, ages = shown_arrivals(observations, params)
    assert recent[1, 2, 3] == pytest.approx(params.most_arrivals * (0.5 * 0.5 + 0.25 * 1.0))
    assert recent.sum() == recent[1, 2, 3]
    assert ages[1, 2, 3] == 8.0


def test_searches_follow_the_seed_and_end_where_validation_serves_most():
    settings = PlacementSearchSettings(
        generations=2, episodes=1, cross_entropy=CrossEntropySettings(4, 2, 0.5, 0.5, 0.1), validate_every=1,
        validation_episodes=2,
    )  # fmt: skip
    found = search_placement(placed(), settings, seed=3)
    again = search_placement(placed(), settings, seed=3)
    assert (found.policy.parameters == again.policy.parameters).all()
    assert found.curve == again.curve
    validated = [one.validation_served for one in found.curve]
    played = roll_out(found.policy.acting, MULTI_NODE, placed(), draw_workloads(placed(), 2, 3, Stream.VALIDATION))
    assert played.served.mean() == max(one for one in validated if one is not None)
    assert found.epoch_steps == 2 * 4 * 1 * 20


@pytest.mark.parametrize("sees", ["arrivals", "followers", "forecast"])
def test_it_acts_alike_alone_and_together_and_comes_back_from_its_files(sees: str, tmp_path: Path):
    scenario = placed(24)
    function = PlacementFunction(sees, scenario)
    forecaster = None
    if sees == "forecast":
        quick = PlacementSettings(episodes=2, steps=30, batch_size=32, width=16, tuning_episodes=1)
        forecaster = fit_placement(scenario, quick, seed=0)
    noise = np.random.default_rng(0).normal(0.0, 0.2, function.size)
    population = function.starting_point() + np.array([[0.0], [1.0]]) * noise
    workloads = draw_workloads(scenario, 2)
    both = SearchedPlacement(function, population, scenario, forecaster)
    together = roll_out(both.acting, MULTI_NODE, scenario, [*workloads, *workloads]).served.tolist()
    searched = SearchedPlacement(function, population[1], scenario, forecaster)
    alone = [int(roll_out(searched.acting, MULTI_NODE, scenario, [one]).served[0]) for one in workloads]
    assert together[2:] == alone
    card = Card("placement", {"epoch.episode_epochs": 24}, "cross-entropy method", {}, 0, 0, {}, {})
    save_policy(searched, card, tmp_path / "mine")
    back, _ = load_policy(tmp_path / "mine")
    assert isinstance(back, SearchedPlacement)
    assert roll_out(back.acting, MULTI_NODE, scenario, workloads).served.tolist() == alone


def test_what_does_not_fit_is_refused():
    function = PlacementFunction("arrivals", placed())
    with pytest.raises(ValueError, match="sees = 'all': must be one of"):
        PlacementFunction("all", placed())
    with pytest.raises(ScenarioError, match=r"network\.placement must be true"):
        PlacementFunction("arrivals", load_scenario("two-cells"))
    with pytest.raises(ValueError, match=r"parameters of shape \(3,\): must have 8 per member"):
        SearchedPlacement(function, np.zeros(3), placed())
    with pytest.raises(ValueError, match="forecaster = None: must be one"):
        SearchedPlacement(PlacementFunction("forecast", placed()), np.zeros(7), placed())
    with pytest.raises(ValueError, match="weights have the shapes"):
        SearchedPlacement.from_card({"sees": "arrivals"}, {"keeps": np.zeros(1)}, placed())
    with pytest.raises(ValueError, match="episodes = 0: must be at least 1"):
        PlacementSearchSettings(episodes=0)
