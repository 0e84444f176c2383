"""The suite's statistics, by worked examples."""

import numpy as np
import pytest
from scipy import stats

from edge_llm_agents.records.aggregates import (
    as_scores,
    estimate,
    interquartile_mean,
    interval,
    performance_profile,
    probability_of_improvement,
)


def scores(*by_scenario: list[float]) -> np.ndarray:
    """Of one training seed."""
    return as_scores([[np.array(episodes)] for episodes in by_scenario])


def test_the_interquartile_mean_leaves_out_the_lowest_and_the_highest_quarter_of_all_runs() -> None:
    # Of 8 runs the lowest 2 (1, 2) and the highest 2 (50, 100) go; (4 + 5 + 6 + 9) / 4 = 6.
    assert interquartile_mean(scores([1.0, 5.0, 100.0, 4.0], [9.0, 2.0, 6.0, 50.0])) == 6.0
    # Of 6 runs a quarter is 1.5, of which whole runs go: 1 and 100; (2 + 3 + 4 + 7) / 4 = 4.
    assert interquartile_mean(scores([1.0, 2.0, 100.0], [3.0, 7.0, 4.0])) == 4.0


def test_the_probability_of_improvement_is_of_the_same_workload_and_weighs_scenarios_alike() -> None:
    one, other = scores([3.0, 1.0], [5.0, 5.0]), scores([2.0, 2.0], [5.0, 4.0])
    # First scenario: better, worse, 1/2. Second: equal, better, (1/2 + 1)/2 = 3/4. Together (1/2 + 3/4)/2 = 5/8.
    assert probability_of_improvement(one, other) == 5 / 8
    assert probability_of_improvement(other, one) == 3 / 8
    assert probability_of_improvement(one, one) == 1 / 2


def test_the_probability_of_improvement_takes_every_training_seed_against_every_other() -> None:
    one = as_scores([[np.array([1.0, 1.0]), np.array([3.0, 3.0])]])
    other = as_scores([[np.array([2.0, 0.0])]])
    # Seed 0: worse, better. Seed 1: better, better. 3 of 4.
    assert probability_of_improvement(one, other) == 3 / 4


def test_a_profile_is_the_fraction_of_runs_above_each_threshold() -> None:
    profile = performance_profile(scores([1.0, 2.0], [2.0, 4.0]), np.array([0.0, 1.0, 2.0, 4.0]))
    assert profile.tolist() == [1.0, 0.75, 0.25, 0.0]


def test_the_interval_of_a_mean_is_about_what_the_normal_distribution_says() -> None:
    drawn = np.random.default_rng(0).normal(size=(1, 2, 200))
    drawn[:, 1] += 100.0  # a scenario of its own: strata must not let its level into the interval
    low, high = interval(lambda one: one.mean(axis=(-3, -2, -1)), drawn)
    # Of the mean of two scenarios: variance (s₁²/200 + s₂²/200) / 4, with s² as the bootstrap sees it.
    error = np.sqrt(drawn.var(axis=2).sum() / 200 / 4)
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.1)
    assert (high + low) / 2 == pytest.approx(drawn.mean(), abs=0.1 * error)


def test_training_seeds_widen_the_interval_as_they_differ() -> None:
    episodes = np.random.default_rng(0).normal(size=(1, 3, 100))
    alike = np.repeat(episodes, 5, axis=0)
    apart = alike + np.array([-4.0, -2.0, 0.0, 2.0, 4.0])[:, None, None]
    low, high = interval(lambda one: one.mean(axis=(-3, -2, -1)), apart)
    # Seeds alone: standard deviation √8 of the five, over √5.
    assert (high - low) / 2 == pytest.approx(1.96 * np.sqrt(8 / 5), rel=0.15)
    narrow = interval(lambda one: one.mean(axis=(-3, -2, -1)), alike)
    assert narrow[1] - narrow[0] < (high - low) / 5


def test_policies_are_compared_on_the_same_draws_of_workloads() -> None:
    episodes = np.random.default_rng(0).normal(size=(1, 2, 50))
    low, high = interval(lambda one, other: (one - other).mean(axis=(-3, -2, -1)), episodes + 1.0, episodes)
    assert (low, high) == (pytest.approx(1.0), pytest.approx(1.0))


def test_an_estimate_repeats_and_lies_within_its_interval() -> None:
    drawn = np.random.default_rng(0).normal(size=(2, 3, 20))
    found = estimate(interquartile_mean, drawn)
    assert found == estimate(interquartile_mean, drawn)
    assert found.low < found.mean < found.high
    assert found.mean == stats.trim_mean(drawn, 0.25, axis=None)


def test_a_single_run_has_no_interval_and_different_workloads_are_refused() -> None:
    assert np.isnan(estimate(interquartile_mean, scores([3.0])).low)
    with pytest.raises(ValueError, match=r"scores of \(scenarios, workloads\) \[\(1, 1\), \(1, 2\)\]"):
        estimate(probability_of_improvement, scores([1.0]), scores([1.0, 2.0]))


def test_only_training_seeds_that_every_scenario_has_count() -> None:
    one = np.arange(3.0)
    assert as_scores([[one, one], [one, one, one]]).shape == (2, 2, 3)
