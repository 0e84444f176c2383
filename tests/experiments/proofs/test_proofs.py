"""Exact solvers end: with a proof where there is one to be had, else with the best batch and a valid bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_llm_baselines import DFTSP, BatchProblem, BranchAndBound, BruteForce, MilpSolver
from edge_llm_baselines.solvers import dftsp
from edge_llm_baselines.solvers.cp_sat import CpSatSolver
from edge_llm_env.solver.search_state import MOST_NODES, default_node_limit
from experiments.proofs.knapsack_classes import CLASSES, RESOURCES, as_problem, knapsack
from tests.edge_llm_baselines.solvers.instances import problems
from tests.support.clock import Clock


def proportional(total: int, size: int = 60) -> BatchProblem:
    """Values that are what each request takes of the memory, of which half is there."""
    index = np.arange(1, size + 1)
    value = 1200 + 7919 * index**2 % 997
    value += (total - value.sum()) // size
    value[: total - value.sum()] += 1
    assert value.sum() == total
    return as_problem(value, value, total // 2, "memory")


# --- goal, tolerance, counts


@pytest.mark.parametrize("total", [99_999, 100_000, 100_001, 200_000, 1_000_001, 10**7 + 1, 10**9 + 1])
def test_whole_values_are_proven_whatever_they_add_up_to(total):
    solution = BranchAndBound().solve(proportional(total))
    assert solution.optimal
    assert solution.value == solution.upper_bound == total // 2
    assert solution.nodes < 30_000


@pytest.mark.parametrize("pending", [100_000, 100_001, 150_000])
def test_a_count_is_a_count(pending):
    rng = np.random.default_rng(0)
    need = rng.uniform(0.2, 1.8, pending)
    nothing, slack_s = np.zeros(pending), np.ones(pending)
    problem = BatchProblem.additive(
        nothing, nothing, nothing, need, slack_s, window_s=1.0, memory_limit_bytes=0.3 * pending
    )
    for value in (1.0, 0.1, 3e7):
        solution = BranchAndBound().solve(replace(problem, values=np.full(pending, value)))
        served = np.searchsorted(np.cumsum(np.sort(need)), 0.3 * pending * (1 + 1e-9), side="right")
        assert solution.selected.sum() == served
        assert solution.optimal
        assert solution.nodes < 100


@pytest.mark.parametrize("factor", [1e-12, 0.1, 1 / 3, 1e9])
def test_the_unit_of_values_does_not_matter(factor):
    problem = proportional(100_001)
    scaled = BranchAndBound().solve(replace(problem, values=factor * problem.values))
    assert scaled.optimal
    assert scaled.value == pytest.approx(factor * 50_000, rel=1e-9)


def test_a_value_that_nobody_can_have_does_not_blur_the_others():
    """Of a request that is too large for the node, worth 10¹⁴ times as much as the difference between two batches."""
    weight, profit = np.array([70, 30, 31, 39, 1000]), np.array([7, 3, 4, 4, 10**14])
    solution = BranchAndBound().solve(as_problem(weight, profit, 100, "memory"))
    assert solution.optimal
    assert solution.value == solution.upper_bound == 11


@pytest.mark.parametrize("seed", range(20))
def test_whole_values_far_apart_are_compared_to_the_last_one(seed):
    rng = np.random.default_rng(seed)
    values = np.floor(10.0 ** rng.uniform(0, 13, 10))
    problem = replace(next(problems("all_bound", 1, (10, 10))), values=values)
    solution = BranchAndBound().solve(problem)
    assert solution.value == BruteForce().solve(problem).value
    assert solution.optimal


# --- limits


@pytest.mark.parametrize("solver", [BranchAndBound(), MilpSolver(node_limit=1), DFTSP()])
def test_every_solver_ends_by_itself_with_a_bound(solver):
    """Values and costs of ten digits each in four resources, or equal values, at more requests than can be searched."""
    rng = np.random.default_rng(0)
    cost = rng.integers(10**9, 10**10, (4, 120)).astype(float)
    half = cost.sum(axis=1) / 2
    values = np.ones(120) if isinstance(solver, DFTSP) else cost.sum(axis=0)
    problem = BatchProblem.additive(
        cost[0],
        cost[1] / half[1],
        cost[2] / half[2],
        cost[3],
        np.full(120, half[0]),
        window_s=half[0],
        memory_limit_bytes=half[3],
        values=values,
    )
    solution = solver.solve(problem)
    assert not solution.optimal
    assert problem.is_feasible(solution.selected)
    assert 0 < solution.value == problem.value(solution.selected) <= solution.upper_bound <= values.sum()


def test_the_default_limit_falls_with_the_number_of_requests():
    limits = [default_node_limit(requests) for requests in (0, 64, 1000, 100_000, 10**7)]
    assert limits == [MOST_NODES, MOST_NODES, 67_108, 1000, 1000]


@pytest.mark.parametrize("node_limit", [600, 5000, 16_300])
def test_a_limit_in_nodes_holds_while_the_core_is_searched_too(node_limit):
    rng = np.random.default_rng([0, 400])
    problem = knapsack("inverse strongly correlated", rng, 400)
    whole, stopped = BranchAndBound().solve(problem), BranchAndBound(node_limit=node_limit).solve(problem)
    assert stopped.nodes <= node_limit
    assert stopped.value <= whole.value <= whole.upper_bound <= stopped.upper_bound


def test_dftsp_stops_at_a_time_limit_with_a_bound(monkeypatch):
    problem = next(problems("all_bound", count=1, sizes=(60, 60)))
    best = BranchAndBound().solve(problem)
    Clock.in_module(dftsp, monkeypatch, step_s=1.0)
    in_the_parts = DFTSP(time_limit_s=0.5).solve(problem)
    in_the_tree = DFTSP(time_limit_s=3.5).solve(problem)
    for solution in (in_the_parts, in_the_tree):
        assert problem.is_feasible(solution.selected)
        assert solution.value <= best.value <= solution.upper_bound
    assert in_the_parts.nodes == 0
    assert in_the_tree.nodes in (0, 3 * dftsp.NODES_BETWEEN_LOOKS) or in_the_tree.optimal


def test_dftsp_in_slices_is_the_same_search(monkeypatch):
    instances = list(problems("all_bound", count=30, sizes=(8, 14)))
    whole = [DFTSP().solve(problem) for problem in instances]
    monkeypatch.setattr(dftsp, "NODES_BETWEEN_LOOKS", 3)
    monkeypatch.setattr(dftsp, "PARTS_BETWEEN_LOOKS", 2)
    for problem, solution in zip(instances, whole, strict=True):
        sliced = DFTSP().solve(problem)
        assert sliced.selected.tolist() == solution.selected.tolist()
        assert sliced[1:] == solution[1:]
    assert max(solution.nodes for solution in whole) > 30


def test_dftsp_does_not_begin_what_it_could_not_end(monkeypatch):
    problem = next(problems("none-per_request", count=1, sizes=(12, 12)))
    monkeypatch.setattr(dftsp, "MOST_PARTS", 3)
    solution = DFTSP().solve(problem)
    assert (solution.nodes, solution.optimal) == (0, False)
    assert solution.value <= DFTSP(prunes=False).solve(problem).upper_bound
    assert BruteForce().solve(problem).value <= solution.upper_bound <= 12


@pytest.mark.parametrize("solver", [BranchAndBound, DFTSP, MilpSolver])
@pytest.mark.parametrize(("name", "limit"), [("node_limit", 0), ("node_limit", -3), ("time_limit_s", 0.0)])
def test_a_limit_that_is_not_positive_is_an_error(solver, name, limit):
    with pytest.raises(ValueError, match=f"^{name} = {limit}: must be .*, or None"):
        solver(**{name: limit})


# --- hard classes


@pytest.mark.parametrize("pending", [50, 100, 200, 400])
@pytest.mark.parametrize("name", CLASSES)
def test_hard_classes_are_proven(name, pending):
    for index in range(4):
        rng = np.random.default_rng([pending, index])
        problem = knapsack(name, rng, pending, resource=RESOURCES[index])
        solution = BranchAndBound().solve(problem)
        assert solution.optimal, f"{name}, {pending} pending, number {index}"
        assert solution.value == solution.upper_bound
        assert problem.is_feasible(solution.selected)
        assert solution.nodes < 60_000


@pytest.mark.parametrize("name", CLASSES)
def test_hard_classes_are_solved_as_by_a_table_of_all_capacities(name):
    for index in range(6):
        rng = np.random.default_rng([7, index])
        weight, profit = CLASSES[name](rng, 40, 60)
        capacity = int(weight.sum() * rng.uniform(0.1, 0.9))
        for resource in RESOURCES:
            solution = BranchAndBound().solve(as_problem(weight, profit, capacity, resource))
            assert (solution.value, solution.optimal) == (best_by_table(weight, profit, capacity), True)


def best_by_table(weight: np.ndarray, profit: np.ndarray, capacity: int) -> int:
    """The optimum by the textbook recursion over capacities."""
    most = np.zeros(capacity + 1, dtype=np.int64)
    for w, p in zip(weight, profit, strict=True):
        if w <= capacity:
            most[w:] = np.maximum(most[w:], most[: capacity + 1 - w] + p)
    return int(most[-1])


@pytest.mark.parametrize("name", ["strongly correlated", "subset sum", "spanner, strongly correlated"])
def test_highs_and_cp_sat_agree_on_hard_classes(name):
    for index in range(3):
        problem = knapsack(name, np.random.default_rng([3, index]), 30)
        best = BranchAndBound().solve(problem).value
        assert MilpSolver().solve(problem).value == best
        assert CpSatSolver().solve(problem).value <= best


@pytest.mark.parametrize("seed", range(5))
def test_highs_does_not_lose_the_best_of_similar_weights(seed):
    """With capacities scaled to 1 it did, by one part in a hundred."""
    problem = knapsack("uncorrelated, similar weights", np.random.default_rng([100, seed]), 100)
    assert MilpSolver().solve(problem).value == BranchAndBound().solve(problem).value
