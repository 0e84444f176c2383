"""`BruteForce`, the ground truth of the other solvers, against an enumeration in plain Python."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edge_llm_baselines import BatchProblem, BruteForce
from tests.edge_llm_baselines.solvers.instances import FAMILIES, problems
from tests.references import plain_rule


@pytest.mark.parametrize("family", FAMILIES)
def test_it_finds_the_largest_of_all_feasible_batches(family):
    for problem in problems(family, count=25, sizes=(1, 7)):
        solution = BruteForce().solve(problem)
        assert solution.value == plain_rule.largest_feasible(problem), problem
        assert solution.value == solution.selected.sum()
        assert plain_rule.is_feasible(problem, solution.selected), problem


@pytest.mark.parametrize("family", ["all_bound", "slack_bound", "batch_max-batch_max", "base_of_product"])
def test_it_finds_the_most_valuable_batch_when_values_differ(family):
    rng = np.random.default_rng(0)
    larger_batch_worth_less = 0
    for counting in problems(family, count=25, sizes=(3, 6)):
        values = rng.integers(0, 6, len(counting)).astype(float)
        problem = BatchProblem(counting.rule, counting.candidates, values)
        batches = [np.array(batch) for batch in product([False, True], repeat=len(problem))]
        most = max(values[batch].sum() for batch in batches if plain_rule.is_feasible(problem, batch))
        solution = BruteForce().solve(problem)
        assert solution.value == values[solution.selected].sum() == most, problem
        assert plain_rule.is_feasible(problem, solution.selected), problem
        larger_batch_worth_less += values[BruteForce().solve(counting).selected].sum() < most
    assert larger_batch_worth_less > 0


def test_it_says_that_its_batch_is_optimal_and_counts_every_subset():
    solution = BruteForce().solve(equal_requests(5))
    assert solution.optimal
    assert solution.upper_bound == solution.value == 2.0
    assert solution.nodes == 2**5


def test_among_equally_good_batches_it_keeps_the_first():
    assert BruteForce().solve(equal_requests(4)).selected.tolist() == [True, True, False, False]


def test_no_request_makes_an_empty_batch():
    solution = BruteForce().solve(equal_requests(0))
    assert solution.selected.shape == (0,)
    assert solution.value == 0.0


def test_more_requests_than_it_can_enumerate_are_refused():
    with pytest.raises(ValueError, match="problem has 21 requests: BruteForce takes at most 20"):
        BruteForce().solve(equal_requests(21))


def equal_requests(size: int) -> BatchProblem:
    """Any two of them fit."""
    half = np.full(size, 0.4)
    return BatchProblem.additive(half, half, half, half, half + 1, window_s=1.0, memory_limit_bytes=1.0)
