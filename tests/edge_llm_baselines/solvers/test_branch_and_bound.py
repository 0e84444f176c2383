"""BranchAndBound is exact on every instance, whatever the values, and honest when it is stopped."""

from __future__ import annotations

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import edge_llm_env  # noqa: F401 (registers the environments)
from edge_llm_baselines import DFTSP, BatchProblem, BranchAndBound, BruteForce
from edge_llm_baselines.solvers import branch_and_bound
from edge_llm_env.solver.candidates import Candidates
from tests.edge_llm_baselines.solvers.instances import FAMILIES, PADDINGS, problems, scenario_problem, scenario_rule
from tests.references import plain_rule
from tests.support.clock import Clock

SMALL, LARGE = (1, 10), (11, 14)
SMALL_PER_FAMILY, LARGE_PER_FAMILY = 800, 40
"""With 26 families 21,840 instances against all subsets and DFTSP."""

VALUES = {
    "uniform": lambda rng, size: rng.uniform(0.0, 1.0, size),
    "nearly_equal": lambda rng, size: rng.uniform(0.9, 1.0, size),
    "whole": lambda rng, size: rng.integers(0, 6, size).astype(float),
    "of_many_magnitudes": lambda rng, size: 10.0 ** rng.uniform(-7, 7, size),
    "mostly_nothing": lambda rng, size: (rng.random(size) < 0.3).astype(float),
}


def assert_optimal(problem: BatchProblem) -> None:
    solution = BranchAndBound().solve(problem)
    best = BruteForce().solve(problem).value
    assert solution.value == pytest.approx(best, rel=1e-9, abs=1e-12), problem
    assert solution.value == solution.upper_bound == problem.value(solution.selected)
    assert solution.optimal
    assert not solution.selected.any() or plain_rule.is_feasible(problem, solution.selected), problem


@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_as_good_as_the_best_of_all_subsets(family):
    for count, sizes in ((SMALL_PER_FAMILY, SMALL), (LARGE_PER_FAMILY, LARGE)):
        for problem in problems(family, count, sizes):
            assert_optimal(problem)
            assert DFTSP().solve(problem).value == BranchAndBound().solve(problem).value


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_as_good_as_the_best_of_all_subsets_when_requests_have_values(family, values):
    rng = np.random.default_rng(0)
    for problem in problems(family, count=40, sizes=(1, 11)):
        assert_optimal(replace(problem, values=VALUES[values](rng, len(problem))))


def all_lengths_different(size: int, paddings: tuple[str, str], seed: int) -> BatchProblem:
    rng = np.random.default_rng(seed)
    prompts = rng.choice(np.arange(16.0, 2048.0), size, replace=False)
    outputs = rng.choice(np.arange(16.0, 2048.0), size, replace=False)
    return scenario_problem(rng, scenario_rule(*paddings), prompts, outputs)


@pytest.mark.parametrize("paddings", [paddings for paddings in PADDINGS if paddings[0] != "fixed"])
def test_it_is_exact_where_all_lengths_differ(paddings):
    for seed in range(100):
        assert_optimal(all_lengths_different(1 + seed % 12, paddings, seed))


@pytest.mark.parametrize("paddings", [paddings for paddings in PADDINGS if paddings[0] != "fixed"])
def test_it_agrees_with_dftsp_on_many_requests_of_different_lengths(paddings):
    for seed in range(5):
        problem = all_lengths_different(24, paddings, seed)
        assert BranchAndBound().solve(problem).value == DFTSP().solve(problem).value


@pytest.mark.parametrize("family", FAMILIES)
def test_a_node_limit_gives_a_feasible_batch_and_a_valid_bound(family):
    rng = np.random.default_rng(1)
    for problem in problems(family, count=60, sizes=(1, 12)):
        weighted = replace(problem, values=rng.uniform(0.0, 1.0, len(problem)))
        for asked in (problem, weighted):
            best = BruteForce().solve(asked).value
            for node_limit in (1, 2, 3, 5, 8, 13, 21):
                solution = BranchAndBound(node_limit=node_limit).solve(asked)
                assert solution.nodes <= node_limit
                assert solution.value <= best * (1 + 1e-9) + 1e-12
                assert solution.upper_bound >= best * (1 - 1e-9)
                assert solution.upper_bound >= solution.value == asked.value(solution.selected)
                assert not solution.selected.any() or plain_rule.is_feasible(asked, solution.selected)
                if solution.optimal:
                    assert solution.value == pytest.approx(best, rel=1e-9, abs=1e-12)


def test_a_time_limit_stops_a_long_search_and_gives_a_valid_bound(monkeypatch):
    problem = replace(
        all_lengths_different(300, ("batch_max", "batch_max"), 0), values=np.random.default_rng(0).uniform(0, 1, 300)
    )
    monkeypatch.setattr(branch_and_bound, "NODES_BETWEEN_LOOKS", 8)
    clock = Clock.in_module(branch_and_bound, monkeypatch, step_s=1.0)
    solution = BranchAndBound(time_limit_s=2.5).solve(problem)
    assert clock.looks == 1 + 3, "one to begin, and one after each slice until 2.5 s are over"
    assert 2 * branch_and_bound.NODES_BETWEEN_LOOKS < solution.nodes <= 3 * branch_and_bound.NODES_BETWEEN_LOOKS
    assert not solution.optimal
    assert solution.value < solution.upper_bound <= problem.values.sum()
    assert plain_rule.is_feasible(problem, solution.selected)


def test_a_time_limit_that_is_not_reached_changes_nothing(monkeypatch):
    Clock.in_module(branch_and_bound, monkeypatch, step_s=0.0)
    for problem in problems("all_bound", count=20, sizes=(1, 12)):
        assert BranchAndBound(time_limit_s=1).solve(problem).value == BranchAndBound().solve(problem).value
        stopped = BranchAndBound(node_limit=10**6, time_limit_s=1).solve(problem)
        assert stopped.optimal
        assert stopped.nodes == BranchAndBound().solve(problem).nodes


def test_a_search_in_slices_is_the_same_search(monkeypatch):
    problems_of_size = [all_lengths_different(40, ("batch_max", "batch_max"), seed) for seed in range(3)]
    whole = [BranchAndBound().solve(problem) for problem in problems_of_size]
    monkeypatch.setattr("edge_llm_baselines.solvers.branch_and_bound.NODES_IN_ONE_CALL", 8)
    for problem, solution in zip(problems_of_size, whole, strict=True):
        assert solution.nodes > 8
        sliced = BranchAndBound().solve(problem)
        assert sliced.selected.tolist() == solution.selected.tolist()
        assert sliced[1:] == solution[1:]


def test_no_request_is_no_batch():
    solution = BranchAndBound().solve(BatchProblem.additive([], [], [], [], [], window_s=1.0, memory_limit_bytes=1.0))
    assert solution.value == solution.upper_bound == 0.0
    assert solution.optimal
    assert solution.selected.shape == (0,)


@pytest.mark.parametrize(("name", "limit"), [("node_limit", 0), ("time_limit_s", 0.0), ("time_limit_s", float("nan"))])
def test_a_limit_that_is_not_positive_is_an_error(name, limit):
    with pytest.raises(ValueError, match=name):
        BranchAndBound(**{name: limit})


amounts = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.25, 0.5, 1.0 / 3.0, 0.7, 1.0, 1.0 + 1e-9, 1.0 - 1e-9])


@st.composite
def edge_problems(draw):
    """Sums that meet a capacity, or miss it in the last bits, in every column at once."""
    size = draw(st.integers(1, 8))
    column = st.lists(amounts, min_size=size, max_size=size)
    values = draw(st.lists(st.sampled_from([0.0, 0.1, 0.3, 1.0, 3.0]), min_size=size, max_size=size))
    return BatchProblem.additive(
        *(draw(column) for _ in range(5)),
        window_s=draw(amounts),
        memory_limit_bytes=draw(amounts),
        values=draw(st.sampled_from([None, values])),
    )


@given(edge_problems())
def test_it_is_exact_at_the_edge_of_every_capacity(problem):
    assert_optimal(problem)


@pytest.mark.parametrize("scenario", ["carry-over", "paper-bloom-3b"])
@pytest.mark.parametrize("rows", [3, 40])
def test_solve_many_is_solve_on_every_row(scenario, rows, monkeypatch):
    Clock.in_module(branch_and_bound, monkeypatch, step_s=0.0)
    env = gym.make_vec(
        "EdgeLLM/BatchSelection-v0", num_envs=rows, vectorization_mode="vector_entry_point", scenario=scenario
    )
    env.reset(seed=0)
    simulation = env.unwrapped.simulation
    values = np.random.default_rng(0).uniform(0.0, 1.0, simulation.state.slot_slack_s.shape)
    for worth in (None, values):
        solutions = BranchAndBound().solve_many(simulation, worth)
        one_by_one = BranchAndBound(time_limit_s=1).solve_many(simulation, worth)
        assert solutions.optimal.all()
        for row in range(rows):
            problem = BatchProblem.of_row(simulation, row)
            if worth is not None:
                problem = replace(problem, values=worth[row, : len(problem)].copy())
            solution = BranchAndBound().solve(problem)
            np.testing.assert_array_equal(solutions.selected[row, : len(problem)], solution.selected)
            assert not solutions.selected[row, len(problem) :].any()
            assert solutions.value[row] == pytest.approx(solution.value)
            assert solutions.upper_bound[row] == solutions.value[row]
            assert solutions.nodes[row] == solution.nodes
        np.testing.assert_array_equal(solutions.selected, one_by_one.selected)
    env.close()


def test_solve_many_with_a_node_limit_bounds_each_row():
    env = gym.make_vec("EdgeLLM/BatchSelection-v0", num_envs=20, vectorization_mode="vector_entry_point")
    env.reset(seed=1)
    best = BranchAndBound().solve_many(env.unwrapped.simulation)
    stopped = BranchAndBound(node_limit=2).solve_many(env.unwrapped.simulation)
    assert (stopped.value <= best.value).all()
    assert (stopped.upper_bound >= best.value).all()
    assert not stopped.optimal.all()
    env.close()


@pytest.mark.parametrize("values", [np.ones((2, 3)), np.nan, -1.0, 1.7e308])
def test_solve_many_refuses_values_that_make_no_sense(values):
    env = gym.make_vec("EdgeLLM/BatchSelection-v0", num_envs=2, vectorization_mode="vector_entry_point")
    env.reset(seed=0)
    simulation = env.unwrapped.simulation
    if np.ndim(values) == 0:
        values = np.full(simulation.state.slot_slack_s.shape, values)
    with pytest.raises(ValueError, match="values"):
        BranchAndBound().solve_many(simulation, values)
    env.close()


def test_padding_costs_may_come_on_top_of_costs_of_their_own():
    rng = np.random.default_rng(3)
    for seed in range(100):
        problem = all_lengths_different(8, ("batch_max", "batch_max"), seed)
        own = rng.uniform(0.0, 0.1, (2, 8)) * [[problem.rule.window_s], [problem.rule.memory_limit_bytes]]
        candidates: Candidates = problem.candidates._replace(compute_s=own[0], memory_bytes=own[1])
        assert_optimal(replace(problem, candidates=candidates))
