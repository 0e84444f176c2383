"""Value functions from hindsight's multipliers."""

import numpy as np

from edge_llm_agents.value_search.functions import ValueFunction
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_agents.value_search.price_regression import RIDGE, least_squares, price_policy, priced_requests
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

SCENARIO = load_scenario("carry-over", **{"epoch.episode_epochs": 5})


def test_least_squares_of_two_requests_by_hand() -> None:
    """Features 1 and 2, targets 3 and 4: w = (1·3 + 2·4) / (1 + 4 + RIDGE·2)."""
    assert np.allclose(least_squares(np.array([[1.0], [2.0]]), np.array([3.0, 4.0])), 11.0 / (5.0 + 2.0 * RIDGE))


def test_every_request_is_met_with_its_own_price_in_each_epoch_that_it_waits() -> None:
    workloads = draw_workloads(SCENARIO, 3, 0)
    function = ValueFunction()
    policy = ValuePolicy(function, function.starting_point(0.5), SCENARIO)
    prices = [np.arange(one.requests, dtype=np.float64) + 1000.0 * at for at, one in enumerate(workloads)]
    features, priced = priced_requests(policy, SCENARIO, workloads, prices)
    assert features.shape == (len(priced), len(function.features))
    met = np.unique(priced)
    # Whoever can be served alone at the start of an epoch is seen at least once, and nobody more often than he waits.
    for at, workload in enumerate(workloads):
        episode = EpisodeProblem.of_workload(SCENARIO, workload)
        could = np.flatnonzero(episode.chances()) + 1000.0 * at
        assert set(could) <= set(met)
    times = np.unique(priced, return_counts=True)[1]
    assert 1 < times.max() <= SCENARIO.epoch.episode_epochs


def test_the_policy_values_urgent_requests_above_those_that_can_wait_and_is_the_same_again() -> None:
    policy, again = (price_policy(SCENARIO, 0.5, episodes=3, seed=1) for _ in range(2))
    np.testing.assert_array_equal(policy.parameters, again.parameters)
    seen, _ = priced_requests(
        policy,
        SCENARIO,
        episodes := draw_workloads(SCENARIO, 2, 1, Stream.VALIDATION),
        [np.zeros(one.requests) for one in episodes],
    )
    worth = seen @ policy.parameters[0]
    can_wait = seen[:, policy.function.features.index("can_wait")] > 0
    assert worth[can_wait].mean() > worth[~can_wait].mean() + 0.1
