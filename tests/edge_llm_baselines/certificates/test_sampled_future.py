"""`SampledFuture`: equal states, equal batches; who cannot wait goes first; and it beats the oracle of one epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_baselines import DFTSP, BatchProblem
from edge_llm_baselines.certificates.sampled_future import SampledFuture
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.playing.roll_out import roll_out, served_by
from edge_llm_env import Scenario, load_scenario
from edge_llm_env.dynamics.epoch import begin_episode, dispatch
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.scenarios import ScenarioError
from edge_llm_env.workload.streams import draw_workloads

SHORT = load_scenario("carry-over", **{"epoch.episode_epochs": 6})
QUICK: dict[str, Any] = {"horizon": 3, "iterations": 8, "pool": 4}


def problem_of(scenario: Scenario, seed: int = 0) -> BatchProblem:
    """What waits after two epochs in which nobody was served."""
    simulation = Simulation(scenario, rows=1)
    simulation.load(0, draw_workloads(scenario, 1, seed)[0])
    rule = simulation.rule(0)
    begin_episode(rule, simulation.params, simulation.state, 0)
    for _ in range(2):
        dispatch(rule, simulation.params, simulation.state, 0)
    return BatchProblem.of_row(simulation)


def test_equal_states_have_equal_prices_whoever_asked_before() -> None:
    problem, other = problem_of(SHORT), problem_of(SHORT, 1)
    one, two = (SampledFuture(SHORT, 2, seed=3, **QUICK) for _ in range(2))
    two.prices(other)
    np.testing.assert_array_equal(one.prices(problem), two.prices(problem))
    assert (SampledFuture(SHORT, 2, seed=4, **QUICK).prices(problem) != one.prices(problem)).any()


def test_only_who_can_wait_has_a_price_and_none_is_above_one() -> None:
    problem = problem_of(SHORT)
    prices = SampledFuture(SHORT, 3, **QUICK).prices(problem)
    late = problem.candidates.slack_s < SHORT.epoch.epoch_s
    assert late.any()
    assert (prices[late] == 0.0).all()
    assert 0.0 < prices.max() <= 1.0


def test_a_batch_is_feasible_and_leaves_no_room_for_another() -> None:
    problem = problem_of(SHORT)
    found = SampledFuture(SHORT, 3, **QUICK).solve(problem)
    assert problem.is_feasible(found.selected)
    for left in np.flatnonzero(~found.selected):
        with_it = found.selected.copy()
        with_it[left] = True
        assert not problem.is_feasible(with_it)


def test_nobody_waits_and_nobody_is_served() -> None:
    nothing: list[float] = []
    empty = BatchProblem.additive(nothing, nothing, nothing, nothing, nothing, window_s=1.0, memory_limit_bytes=1.0)
    assert SampledFuture(SHORT, 1, **QUICK).solve(empty).selected.tolist() == []


def test_it_serves_more_than_the_oracle_of_one_epoch_one_by_one_as_in_a_batch() -> None:
    workloads = draw_workloads(load_scenario("carry-over"), 1)
    scenario = load_scenario("carry-over")
    rule = SampledFuture(scenario, 2, **QUICK)
    served = served_by(rule, scenario, workloads)
    assert served.sum() > served_by(DFTSP(), scenario, workloads).sum()
    one_by_one = roll_out(lambda env: EpochPolicy(rule, env), "EdgeLLM/Batching-v0", scenario, workloads).served
    np.testing.assert_array_equal(served, one_by_one)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 0}, "samples = 0: must be at least 1"),
        ({"horizon": 1}, "horizon = 1: must be at least 2"),
        ({"iterations": 0}, "iterations = 0: must be at least 1"),
        ({"pool": 3}, "pool = 3: must be at least samples = 5"),
    ],
)
def test_numbers_that_cannot_be_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SampledFuture(SHORT, **options)


def test_uploads_that_carry_over_are_refused() -> None:
    with pytest.raises(ScenarioError, match="must be of requests that are served within an epoch each"):
        SampledFuture(load_scenario("embedding-uplink-carried"), 1, **QUICK)
