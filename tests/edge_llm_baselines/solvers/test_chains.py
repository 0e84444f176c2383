"""Chains: the dominance order that DFTSP's search stands on."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from edge_llm_baselines import BatchProblem
from edge_llm_baselines.solvers.chains import chains_of, cheapest_completions
from edge_llm_env.solver.subproblems import (
    COMPUTE,
    DOWNLINK,
    MEMORY,
    UPLINK,
    alone_feasible,
    longest_outputs,
    longest_prompts,
    subproblem,
    thresholds,
)
from tests.edge_llm_baselines.solvers.instances import FAMILIES, problems


def parts_of(problem):
    """All subproblems of a problem."""
    rule, candidates = problem.rule, problem.candidates
    among = alone_feasible(rule, candidates)
    for longest_s in longest_prompts(rule, candidates, among):
        for longest_n in longest_outputs(rule, candidates, among):
            for threshold_s in thresholds(rule, candidates, among):
                yield subproblem(rule, candidates, among, threshold_s, longest_s, longest_n)


def costs_by_chain(part):
    """The costs of the members of each chain, in its order."""
    chains = chains_of(part)
    return [part.costs[chains.order[a:b]] for a, b in zip(chains.start[:-1], chains.start[1:], strict=True)]


def classes_of(part):
    """The costs of each group of members that are equal in compute time and memory."""
    keys, at = np.unique(part.costs[:, [COMPUTE, MEMORY]], axis=0, return_inverse=True)
    return [part.costs[at == number] for number in range(len(keys))]


@pytest.mark.parametrize("family", FAMILIES)
def test_along_a_chain_nothing_gets_cheaper(family):
    for problem in problems(family, count=20, sizes=(1, 10)):
        for part in parts_of(problem):
            for costs in costs_by_chain(part):
                assert len(costs) > 0
                assert (np.diff(costs, axis=0) >= 0).all(), costs


@pytest.mark.parametrize("family", FAMILIES)
def test_the_members_of_a_chain_are_of_one_class(family):
    for problem in problems(family, count=20, sizes=(1, 10)):
        for part in parts_of(problem):
            for costs in costs_by_chain(part):
                assert (costs[:, [COMPUTE, MEMORY]] == costs[0, [COMPUTE, MEMORY]]).all(), costs


@pytest.mark.parametrize("family", FAMILIES)
def test_every_member_is_in_one_chain(family):
    for problem in problems(family, count=20, sizes=(1, 10)):
        for part in parts_of(problem):
            chains = chains_of(part)
            assert sorted(chains.order) == list(range(len(part.members)))
            assert chains.start[0] == 0
            assert chains.start[-1] == len(part.members)


@pytest.mark.parametrize("family", ["few_classes_one_gain", "equal_requests"])
def test_with_one_gain_every_class_is_one_chain(family):
    for problem in problems(family, count=60, sizes=(1, 12)):
        for part in parts_of(problem):
            assert len(costs_by_chain(part)) == len(classes_of(part))


def test_where_no_two_requests_are_comparable_each_is_a_chain():
    for problem in problems("opposite_orders", count=60, sizes=(2, 12)):
        for part in parts_of(problem):
            assert len(costs_by_chain(part)) == len(part.members)


@pytest.mark.parametrize("family", ["ties", "shares_that_fill_a_band", "equal_requests", "opposite_orders"])
def test_a_class_is_split_into_as_few_chains_as_possible(family):
    """By Dilworth's theorem the fewest chains are as many as the largest set of which no two are comparable."""
    for problem in problems(family, count=25, sizes=(1, 7)):
        for part in parts_of(problem):
            assert len(costs_by_chain(part)) == sum(map(largest_antichain, classes_of(part)))


def test_two_chains_serve_a_class_that_is_no_single_chain():
    """Uplink/downlink 0.1/0.1 ≤ 0.2/0.2 is one; 0.15/0.05 cannot follow 0.1/0.1 and begins another, for 0.3/0.15."""
    problem = additive(uplink=[0.1, 0.15, 0.2, 0.3], downlink=[0.1, 0.05, 0.2, 0.15])
    (part,) = parts_of(problem)
    shares = [costs[:, [UPLINK, DOWNLINK]].tolist() for costs in costs_by_chain(part)]
    assert shares == [[[0.1, 0.1], [0.2, 0.2]], [[0.15, 0.05], [0.3, 0.15]]]


@pytest.mark.parametrize("family", ["all_bound", "ties", "batch_max-per_request", "base_of_longest_output"])
def test_the_cheapest_completions_are_the_least_sums_of_the_later_chains(family):
    for problem in problems(family, count=20, sizes=(2, 9)):
        for part in parts_of(problem):
            chains = chains_of(part)
            most = len(part.members) + 1
            least = cheapest_completions(part, chains, most)
            for chain, start in enumerate(chains.start):
                costs = np.sort(part.costs[chains.order[start:]], axis=0)
                for count in range(most + 1):
                    expected = costs[:count].sum(axis=0) if count <= len(costs) else np.full(4, np.inf)
                    np.testing.assert_allclose(least[chain, count], expected, rtol=1e-14)


def largest_antichain(costs) -> int:
    """The most requests of a class of which each two differ in opposite directions in uplink and downlink."""
    shares = costs[:, [UPLINK, DOWNLINK]]

    def comparable(one, other):
        return (one <= other).all() or (other <= one).all()

    for size in range(len(shares), 0, -1):
        for chosen in combinations(shares, size):
            if not any(comparable(one, other) for one, other in combinations(chosen, 2)):
                return size
    return 0


def additive(uplink, downlink) -> BatchProblem:
    """Requests of one class, all of which have time."""
    ones = np.ones(len(uplink))
    return BatchProblem.additive(ones, uplink, downlink, ones, 9 * ones, window_s=9.0, memory_limit_bytes=9.0)
