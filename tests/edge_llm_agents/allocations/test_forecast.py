"""What will be asked for: fitted to arrivals, better than that nothing changes, and seen by the policies of modules."""

from __future__ import annotations

from functools import cache
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_llm_agents.allocations.entries import entries_of_observation
from edge_llm_agents.allocations.forecast import AHEAD_EPOCHS, class_features, expected_shares, fit_forecast
from edge_llm_agents.allocations.modules import SeenVariants
from edge_llm_agents.allocations.policy import LearnedAllocation, allocation_function, mechanism_of
from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_agents.value_search.search import training_workloads
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.envs.suite import COMPUTE
from edge_llm_env.workload.streams import draw_workloads

SCENARIO = load_scenario("specialists-compute", **{"epoch.episode_epochs": 40})
LAYOUT = mechanism_of(COMPUTE).observation
CLASSES = SCENARIO.workload.class_count


@cache
def forecast() -> NDArray[np.float32]:
    return fit_forecast(COMPUTE, SCENARIO, LAYOUT, training_workloads(SCENARIO, 0, 0, 12))


def test_it_is_closer_to_what_arrives_than_what_arrived_lately() -> None:
    """The hidden phase is often another one by then, and it shows how long the present one has lasted."""
    workloads = draw_workloads(SCENARIO, 8, 1)
    env: Any = gym.make_vec(COMPUTE, num_envs=8, vectorization_mode="vector_entry_point", scenario=SCENARIO)
    observations, _ = env.reset(options={"workloads": workloads})
    epoch_s, span = SCENARIO.epoch.epoch_s, 3
    first, last = AHEAD_EPOCHS[span]
    errors: dict[str, float] = {"expected": 0.0, "lately": 0.0}
    for epoch in range(25):
        seen = entries_of_observation(observations, LAYOUT, SCENARIO)
        expected = expected_shares(forecast(), class_features(observations, LAYOUT, SCENARIO), CLASSES)[span]
        for row, workload in enumerate(workloads):
            begins_s, ends_s = (epoch_s * (epoch + 1 + ahead) for ahead in (first, last))
            arrives = (workload.arrival_s >= begins_s) & (workload.arrival_s < ends_s)
            share = np.bincount(workload.request_class[arrives], minlength=CLASSES) / arrives.sum()
            errors["expected"] += ((expected[row] - share) ** 2).sum()
            errors["lately"] += ((seen["recent_share"][row] - share) ** 2).sum()
        observations, *_ = env.step(np.zeros(env.action_space.shape, dtype=np.float32))
    assert errors["expected"] < 0.6 * errors["lately"]


def test_a_variant_expects_the_classes_that_it_is_the_cheapest_for() -> None:
    env: Any = gym.make_vec(COMPUTE, num_envs=4, vectorization_mode="vector_entry_point", scenario=SCENARIO)
    observations, _ = env.reset(seed=0)
    shares = np.random.default_rng(0).random((len(AHEAD_EPOCHS), 4, CLASSES)).astype(np.float32)
    seen = SeenVariants(observations, LAYOUT, SCENARIO, shares)
    by_name = {variant.name: at for at, variant in enumerate(SCENARIO.variants)}
    for each, name in enumerate(SCENARIO.workload.class_names):
        np.testing.assert_array_equal(seen.expected(2)[:, by_name[name]], shares[2, :, each])
    assert not seen.expected(2)[:, by_name["generalist"]].any()
    np.testing.assert_allclose(
        seen.demand().sum(axis=1),
        entries_of_observation(observations, LAYOUT, SCENARIO)["compute"].sum(axis=1),
        rtol=1e-5,
    )


def test_a_policy_that_sees_it_decides_alike_for_one_row_and_many_and_needs_it() -> None:
    function = allocation_function(COMPUTE, SCENARIO)
    parameters = np.random.default_rng(0).normal(size=function.size, scale=0.5)
    policy = LearnedAllocation(COMPUTE, function, parameters, SCENARIO, forecast())
    workloads = draw_workloads(SCENARIO, 3, 0)
    together = evaluate_learned(policy, SCENARIO, workloads).served
    alone = [evaluate_learned(policy, SCENARIO, [workload]).served[0] for workload in workloads]
    assert together.tolist() == alone
    again = LearnedAllocation.from_card(policy.description(), policy.arrays(), SCENARIO)
    assert evaluate_learned(again, SCENARIO, workloads).served.tolist() == alone
    with pytest.raises(ValueError, match="forecast = None: must be weights"):
        LearnedAllocation(COMPUTE, function, parameters, SCENARIO)


def test_who_is_told_the_phases_is_no_rule_to_beat() -> None:
    assert [key for key, rule in baselines_of(COMPUTE).rules.items() if rule.informed] == ["informed"]


def test_episodes_too_short_to_foretell_anything_in_are_refused() -> None:
    short = load_scenario("specialists-compute", **{"epoch.episode_epochs": 12})
    with pytest.raises(ScenarioError, match=r"epoch\.episode_epochs = 12: must be at least 13"):
        fit_forecast(COMPUTE, short, LAYOUT, [])
