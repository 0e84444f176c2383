"""The search: reproducible, on shared workloads, and what it returns validated best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_llm_agents.allocations.search import AllocationSettings
from edge_llm_agents.evaluation.playing import evaluate_solver, evaluate_values
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_agents.value_search.functions import ValueFunction
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_agents.value_search.search import (
    SearchSettings,
    at_load,
    by_turns,
    mean_ratio,
    search,
    served_by_each,
    training_workloads,
)
from edge_llm_baselines import DFTSP
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

SCENARIO = load_scenario("carry-over", **{"epoch.episode_epochs": 5})
SMALL = SearchSettings(
    generations=3,
    episodes=6,
    cross_entropy=CrossEntropySettings(population=5, elites=2),
    validate_every=2,
    validation_episodes=8,
)


def test_equal_settings_find_equal_parameters_and_another_seed_finds_others():
    one, same, other = (search(SCENARIO, SMALL, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.policy.parameters, same.policy.parameters)
    assert one.curve == same.curve
    assert not np.array_equal(one.policy.parameters, other.policy.parameters)


def test_the_policy_is_the_one_that_validated_best():
    found = search(SCENARIO, SMALL, seed=2)
    validated = [one.validation_percent_of_dftsp for one in found.curve]
    assert [percent is not None for percent in validated] == [True, False, True, True]
    workloads = draw_workloads(SCENARIO, SMALL.validation_episodes, 2, Stream.VALIDATION)
    served = evaluate_values(found.policy, SCENARIO, workloads).served.sum()
    oracle = evaluate_solver(DFTSP(), SCENARIO, workloads).served.sum()
    assert 100.0 * served / oracle == pytest.approx(max(percent for percent in validated if percent is not None))
    assert found.epoch_steps == 3 * 5 * 6 * 5


def test_progress_is_reported_as_it_is_made():
    seen = []
    found = search(SCENARIO, SMALL, 0, seen.append)
    assert seen == found.curve
    assert [one.generation for one in seen] == [0, 1, 2, 3]


def test_candidates_on_shared_workloads_serve_as_each_would_alone():
    function = ValueFunction()
    workloads = training_workloads(SCENARIO, 0, 1, 3)
    candidates = function.starting_point(0.5) + np.random.default_rng(0).normal(0, 0.3, (4, function.size))
    together = served_by_each(function, candidates, SCENARIO, workloads)
    for served, candidate in zip(together, candidates, strict=True):
        alone = evaluate_values(ValuePolicy(function, candidate, SCENARIO), SCENARIO, workloads).served
        np.testing.assert_array_equal(served, alone)
    assert len({tuple(served) for served in together.tolist()}) > 1


def test_training_workloads_are_others_in_every_generation_and_none_of_any_stream():
    sets = [training_workloads(SCENARIO, 0, generation, 3) for generation in (1, 2)]
    sets += [draw_workloads(SCENARIO, 3, 0, stream) for stream in Stream]
    firsts = [workload.arrival_s[0] for workloads in sets for workload in workloads]
    assert len(set(firsts)) == len(firsts)


@pytest.mark.parametrize("name", ["generations", "episodes", "validate_every", "validation_episodes"])
def test_settings_below_one_are_errors(name: str):
    with pytest.raises(ValueError, match=f"{name} = 0: must be at least 1"):
        SearchSettings(**{name: 0})


def test_a_value_function_that_cannot_be_is_an_error_at_once():
    with pytest.raises(ValueError, match="features = 'foreseen': must be one of channel, grouping, waiting"):
        SearchSettings(features="foreseen")
    for settings in (SearchSettings, AllocationSettings):
        with pytest.raises(ValueError, match=r"width = -1: must be in 0\.\."):
            settings(width=-1)
    with pytest.raises(ValueError, match="levels = 3: must be a power of two"):
        SearchSettings(levels=3)


def test_loads_have_their_turns_and_count_alike():
    """Loads 1 and 2 on four workloads: (1 + 3)/(10 + 10) = 0.2 and (2 + 4)/(20 + 40) = 0.1, so 0.15 on average."""
    light, heavy = (at_load(SCENARIO, load) for load in (1.0, 2.0))
    assert heavy.workload.arrivals.mean_rate_per_s == 2 * light.workload.arrivals.mean_rate_per_s
    workloads = by_turns([training_workloads(one, 0, 1, 40) for one in (light, heavy)])
    counts = np.array([workload.requests for workload in workloads])
    assert counts[1::2].mean() > 1.5 * counts[0::2].mean()
    np.testing.assert_allclose(mean_ratio(np.array([[1, 2, 3, 4]]), np.array([10, 20, 10, 40]), 2), [0.15])


def test_a_search_over_loads_finds_another_policy_and_the_same_again():
    over_loads = replace(SMALL, loads=(0.6, 2.0))
    one, same = (search(SCENARIO, over_loads, 0) for _ in range(2))
    np.testing.assert_array_equal(one.policy.parameters, same.policy.parameters)
    assert not np.array_equal(one.policy.parameters, search(SCENARIO, SMALL, 0).policy.parameters)
    with pytest.raises(ValueError, match=r"loads = \(1.0, 0.0\): must be factors greater than 0"):
        replace(SMALL, loads=(1.0, 0.0))
    with pytest.raises(ValueError, match=r"loads: scenario bursty has no workload.arrivals.rate_per_s"):
        at_load(load_scenario("bursty"), 2.0)
