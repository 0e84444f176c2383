"""DFTSP is exact: on every instance it serves as many as trying all subsets does."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_llm_baselines import DFTSP, BatchProblem, BruteForce
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.solver.candidates import Candidates
from tests.edge_llm_baselines.solvers.instances import ADDITIVE, CONSTRAINTS, FAMILIES, SCENARIOS, problems, without
from tests.references import plain_rule
from tests.support.programs.processes import ROOT, run

SMALL, LARGE = (1, 10), (11, 14)
SMALL_PER_FAMILY, LARGE_PER_FAMILY = 200, 40
"""With 26 families 6,240 instances, 1,040 of them of 11 to 14 requests."""


def assert_optimal(problem: BatchProblem, solver: DFTSP | None = None) -> None:
    solution = (solver or DFTSP()).solve(problem)
    assert solution.value == BruteForce().solve(problem).value, problem
    assert solution.value == solution.upper_bound == solution.selected.sum(), problem
    assert solution.optimal
    assert plain_rule.is_feasible(problem, solution.selected), problem


@pytest.mark.parametrize("family", FAMILIES)
def test_it_serves_as_many_as_the_best_of_all_subsets(family):
    for problem in problems(family, SMALL_PER_FAMILY, SMALL):
        assert_optimal(problem)


@pytest.mark.parametrize("family", FAMILIES)
def test_it_serves_as_many_as_the_best_of_all_subsets_of_many_requests(family):
    for problem in problems(family, LARGE_PER_FAMILY, LARGE):
        assert_optimal(problem)


@pytest.mark.parametrize("family", FAMILIES)
def test_without_pruning_it_finds_the_same_size_on_at_least_as_many_nodes(family):
    for problem in problems(family, count=60, sizes=(1, 9)):
        assert_optimal(problem, DFTSP(prunes=False))
        assert DFTSP(prunes=False).solve(problem).nodes >= DFTSP().solve(problem).nodes


def test_pruning_saves_most_nodes_where_every_constraint_binds():
    instances = list(problems("all_bound", count=60, sizes=(8, 10)))
    visited = sum(DFTSP().solve(problem).nodes for problem in instances)
    visited_unpruned = sum(DFTSP(prunes=False).solve(problem).nodes for problem in instances)
    assert visited < visited_unpruned / 4


def times_binding(family: str, constraint: str) -> int:
    """In how many of the instances above the optimum grows when the constraint is taken away."""
    solve = BruteForce().solve
    instances = problems(family, SMALL_PER_FAMILY, SMALL)
    return sum(solve(without(problem, constraint)).value > solve(problem).value for problem in instances)


@pytest.mark.parametrize(
    ("family", "constraint"),
    [
        ("compute_bound", "window"),
        ("uplink_bound", "uplink"),
        ("downlink_bound", "downlink"),
        ("memory_bound", "memory"),
        ("slack_bound", "slack"),
    ],
)
def test_a_bound_family_is_bound_by_its_constraint_and_no_other(family, constraint):
    assert times_binding(family, constraint) >= 0.9 * SMALL_PER_FAMILY
    assert [other for other in CONSTRAINTS if other != constraint and times_binding(family, other)] == []


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("family", ["all_bound", "dead_channels", *SCENARIOS])
def test_every_constraint_decides_some_instances_of_the_mixed_families(family, constraint):
    assert times_binding(family, constraint) >= 0.03 * SMALL_PER_FAMILY


@pytest.mark.parametrize("family", sorted(set(ADDITIVE) - {"nobody_can_be_served"}))
def test_the_other_families_have_batches_to_find_and_requests_to_refuse(family):
    sizes = [(DFTSP().solve(problem).value, len(problem)) for problem in problems(family, SMALL_PER_FAMILY, SMALL)]
    assert sum(0 < served < size for served, size in sizes) >= 0.4 * SMALL_PER_FAMILY


def test_where_nobody_can_be_served_the_batch_is_empty_and_nothing_is_searched():
    for problem in problems("nobody_can_be_served", SMALL_PER_FAMILY, SMALL):
        solution = DFTSP().solve(problem)
        assert solution.value == solution.nodes == 0
        assert not solution.selected.any()


def test_no_request_makes_an_empty_batch():
    solution = DFTSP().solve(additive(np.zeros((5, 0))))
    assert solution.selected.shape == (0,)
    assert solution.value == solution.upper_bound == 0.0
    assert solution.optimal


def test_it_takes_ten_requests_of_a_tenth_of_the_band_each():
    """Ten times 0.1 is 1 - 1.1e-16 in floating point; 0.2 + 0.4 + 0.3 + 0.1, below, is 1 + 2.2e-16."""
    costs = np.full((5, 11), 0.1)
    costs[4] = 9.0
    assert DFTSP().solve(additive(costs, window_s=9.0, memory_limit_bytes=9.0)).value == 10


@pytest.mark.parametrize("resource", [0, 1, 2, 3], ids=["compute", "uplink", "downlink", "memory"])
def test_it_takes_requests_whose_sum_is_the_capacity_and_a_last_bit(resource):
    costs = np.zeros((5, 4))
    costs[resource] = [0.2, 0.4, 0.3, 0.1]
    costs[4] = 1.0
    assert DFTSP().solve(additive(costs)).value == 4


@pytest.mark.parametrize("excess", [0.9e-9, 1.1e-9], ids=["within", "beyond"])
@pytest.mark.parametrize("resource", [0, 1, 2, 3], ids=["compute", "uplink", "downlink", "memory"])
def test_it_fills_a_capacity_up_to_the_tolerance_of_the_rule(resource, excess):
    costs = np.zeros((5, 3))
    costs[resource] = [0.2, 0.3, 0.5 + excess]
    costs[4] = 9.0
    assert DFTSP().solve(additive(costs)).value == (3 if excess < 1e-9 else 2)


def test_it_fills_the_least_slack_up_to_the_tolerance_of_the_rule():
    costs = np.zeros((5, 3))
    costs[0], costs[4] = [0.2, 0.3, 0.5], [2.0, 1 - 0.9e-9, 2.0]
    assert DFTSP().solve(additive(costs, window_s=9.0)).value == 3
    costs[4, 1] = 1 - 1.1e-9
    assert DFTSP().solve(additive(costs, window_s=9.0)).value == 2


def test_it_finds_the_pair_that_neither_uplink_nor_downlink_order_starts_with():
    """Requests 0 and 3 need least of one band each but too much of the other: only 1 and 2 fit together."""
    costs = np.zeros((5, 4))
    costs[1], costs[2] = [0.1, 0.4, 0.5, 0.95], [0.95, 0.5, 0.4, 0.1]
    costs[4] = 1.0
    assert DFTSP().solve(additive(costs)).selected.tolist() == [False, True, True, False]


def test_it_leaves_out_the_urgent_request_that_would_hurry_the_others():
    """Request 0 needs the least of everything, but with it a batch has 0.3 s, enough for one; without it, for three."""
    costs = np.array([[0.2, 0.3, 0.3, 0.3], [0.1] * 4, [0.1] * 4, [0.1] * 4, [0.3, 1.0, 1.0, 1.0]])
    assert DFTSP().solve(additive(costs)).selected.tolist() == [False, True, True, True]


def test_it_leaves_out_the_long_prompt_that_would_pad_the_others():
    """Beside it all are padded to 4 tokens, and two take 8 s of 9; without it the three of 2 tokens take 6 s."""
    nothing, one = np.zeros(4), np.ones(4)
    free = AffineCost(Polynomial(), Polynomial())
    rule = Rule(AffineCost(Polynomial(), Polynomial(s=1.0)), free, free, True, False, 9.0, 1.0)
    candidates = Candidates(np.array([4.0, 2.0, 2.0, 2.0]), one, 9 * one, nothing, nothing, nothing, nothing)
    solution = DFTSP().solve(BatchProblem(rule, candidates, one))
    assert solution.selected.tolist() == [False, True, True, True]


@pytest.mark.parametrize(
    ("monomial", "prompt", "output"),
    [("s", 8, 1), ("s_squared", 8, 1), ("s_times_n", 8, 1), ("s_times_n", 1, 8), ("n", 1, 8), ("n_squared", 1, 8)],
)
@pytest.mark.parametrize("resource", ["compute_s", "memory_bytes"])
def test_it_leaves_out_the_long_request_whose_base_cost_leaves_no_room(resource, monomial, prompt, output):
    """Request 0 needs the least of the bands and its base cost fills the node; the two short ones fit together."""
    nothing, one = np.zeros(3), np.ones(3)
    base = Polynomial(**{monomial: 1.0})
    free = AffineCost(Polynomial(), Polynomial())
    costly = {resource: AffineCost(base, Polynomial(constant=1.0))}
    limit = base(prompt, output) + 1.0
    rule = Rule(free, free, free, False, False, limit, limit)._replace(**costly)
    prompts, outputs = np.array([prompt, 1.0, 1.0]), np.array([output, 1.0, 1.0])
    shares = np.array([0.1, 0.4, 0.4])
    candidates = Candidates(prompts, outputs, 1e3 * one, shares, shares, nothing, nothing)
    assert DFTSP().solve(BatchProblem(rule, candidates, one)).selected.tolist() == [False, True, True]


@pytest.mark.parametrize("node_limit", [1, 2, 3, 5, 10, 100])
@pytest.mark.parametrize("family", ["all_bound", "opposite_orders", "ties", "base_of_longest_prompt"])
def test_stopped_at_a_node_limit_its_bounds_enclose_the_optimum(family, node_limit):
    for problem in problems(family, count=60, sizes=(4, 10)):
        solution = DFTSP(node_limit=node_limit).solve(problem)
        best = BruteForce().solve(problem).value
        assert solution.nodes <= node_limit
        assert solution.value == solution.selected.sum() <= best <= solution.upper_bound, problem
        assert plain_rule.is_feasible(problem, solution.selected), problem
        assert solution.optimal == (solution.value == solution.upper_bound), problem


def test_a_node_limit_of_one_leaves_some_instances_unsolved():
    solutions = [DFTSP(node_limit=1).solve(problem) for problem in problems("all_bound", count=60, sizes=(4, 10))]
    assert 10 < sum(not solution.optimal for solution in solutions) < 60


def test_a_node_limit_that_is_not_reached_changes_nothing():
    for problem in problems("all_bound", count=60, sizes=(4, 10)):
        free = DFTSP().solve(problem)
        limited = DFTSP(node_limit=free.nodes + 1).solve(problem)
        assert limited.selected.tolist() == free.selected.tolist()
        assert limited[1:] == free[1:]


def solutions_as_json() -> str:
    """Batch and nodes of a few instances of every family."""
    instances = (problem for family in FAMILIES for problem in problems(family, count=1, sizes=(3, 6)))
    solutions = (DFTSP().solve(problem) for problem in instances)
    return json.dumps([(solution.selected.tolist(), int(solution.nodes)) for solution in solutions])


def test_uncompiled_it_finds_the_same_batches_on_the_same_nodes():
    command = "from tests.edge_llm_baselines.solvers.test_dftsp import solutions_as_json; print(solutions_as_json())"
    uncompiled = run("-c", command, cwd=ROOT, env={"NUMBA_DISABLE_JIT": "1"})
    assert uncompiled.returncode == 0, uncompiled.stderr
    assert uncompiled.stdout.strip() == solutions_as_json()


def test_values_that_are_equal_scale_the_value_and_the_bound():
    for counting in problems("all_bound", count=30, sizes=(4, 10)):
        problem = BatchProblem(counting.rule, counting.candidates, 2.5 * counting.values)
        assert DFTSP().solve(problem).value == 2.5 * DFTSP().solve(counting).value
        stopped, counted = (DFTSP(node_limit=1).solve(one) for one in (problem, counting))
        assert (stopped.value, stopped.upper_bound) == (2.5 * counted.value, 2.5 * counted.upper_bound)


def test_values_that_differ_are_refused():
    problem = additive(np.full((5, 2), 0.1), values=[1.0, 2.0])
    with pytest.raises(ValueError, match=r"^values: DFTSP maximises the number of requests, so all must be equal"):
        DFTSP().solve(problem)


@pytest.mark.parametrize("node_limit", [0, -1])
def test_a_node_limit_below_one_is_refused(node_limit):
    with pytest.raises(ValueError, match=f"^node_limit = {node_limit}: must be at least 1, or None"):
        DFTSP(node_limit=node_limit)


def additive(costs: np.ndarray, *, window_s=1.0, memory_limit_bytes=1.0, values=None) -> BatchProblem:
    """A problem of the rows compute, uplink, downlink, memory and slack."""
    return BatchProblem.additive(*costs, window_s=window_s, memory_limit_bytes=memory_limit_bytes, values=values)


adversarial = settings(derandomize=True, deadline=None, max_examples=600)


def whole(least: int, most: int, size: int):
    return st.lists(st.integers(least, most), min_size=size, max_size=size).map(lambda values: np.array(values, float))


@st.composite
def whole_costs(draw) -> BatchProblem:
    """Small whole costs and capacities: ties and exact hits everywhere."""
    size = draw(st.integers(1, 8))
    return BatchProblem.additive(
        draw(whole(0, 3, size)),
        draw(whole(0, 11, size)) / 10,
        draw(whole(0, 11, size)) / 10,
        draw(whole(0, 3, size)),
        draw(whole(-1, 9, size)),
        window_s=draw(st.integers(0, 9)),
        memory_limit_bytes=draw(st.integers(0, 9)),
    )


@st.composite
def whole_polynomials(draw) -> BatchProblem:
    """Rules of small whole coefficients, base and marginal, over short lengths and any padding."""
    size = draw(st.integers(1, 7))

    def cost() -> AffineCost:
        return AffineCost(*(Polynomial(*draw(whole(0, 1, 6)).tolist()) for _ in range(2)))

    limit = float(draw(st.integers(0, 60)))
    rule = Rule(
        cost(), cost(), AffineCost(Polynomial(), Polynomial()), draw(st.booleans()), draw(st.booleans()), limit, 60.0
    )
    candidates = Candidates(
        draw(whole(1, 3, size)),
        draw(whole(1, 3, size)),
        draw(whole(0, 60, size)),
        draw(whole(0, 6, size)) / 10,
        draw(whole(0, 6, size)) / 10,
        draw(whole(0, 2, size)),
        draw(whole(0, 2, size)),
    )
    return BatchProblem(rule, candidates, np.ones(size))


@adversarial
@given(whole_costs())
def test_it_is_exact_on_whole_costs(problem):
    assert_optimal(problem)


@adversarial
@given(whole_polynomials())
def test_it_is_exact_under_whole_polynomials(problem):
    assert_optimal(problem)


@adversarial
@given(whole_costs() | whole_polynomials(), st.integers(1, 6))
def test_its_bounds_enclose_the_optimum_on_whole_costs(problem, node_limit):
    solution = DFTSP(node_limit=node_limit).solve(problem)
    assert solution.value <= BruteForce().solve(problem).value <= solution.upper_bound


@adversarial
@given(whole_costs() | whole_polynomials(), st.randoms(use_true_random=False))
def test_the_order_of_the_requests_does_not_change_the_size(problem, random):
    order = random.sample(range(len(problem)), len(problem))
    shuffled = Candidates(*(array[order] for array in problem.candidates))
    assert DFTSP().solve(BatchProblem(problem.rule, shuffled, problem.values)).value == DFTSP().solve(problem).value
