"""Branch and price against every assignment and HiGHS; GAH against its guarantee."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from edge_llm_baselines import BranchAndBound
from edge_llm_baselines.assignment.branch_and_price import BranchAndPrice
from edge_llm_baselines.assignment.every_assignment import EveryAssignment
from edge_llm_baselines.assignment.gah import GAH, ot_gah
from edge_llm_baselines.assignment.milp import AssignmentMilp
from edge_llm_baselines.assignment.problem import NOBODY, SeveralNodes
from tests.edge_llm_baselines.assignment.instances import assignments
from tests.edge_llm_baselines.solvers.instances import FAMILIES
from tests.references import plain_rule


def plain_best(problem: SeveralNodes) -> float:
    """The optimum by trying every node for every request, with the plain rule."""
    best = 0.0
    for choice in product(range(NOBODY, len(problem.nodes)), repeat=len(problem)):
        node_of = np.array(choice)
        if is_feasible(problem, node_of):
            best = max(best, sum(problem.nodes[node].values[i] for i, node in enumerate(choice) if node != NOBODY))
    return best


def is_feasible(problem: SeveralNodes, node_of: np.ndarray) -> bool:
    """Whether each node that serves somebody can, by the plain rule."""
    return all(
        not (node_of == at).any() or plain_rule.is_feasible(node, (node_of == at).tolist())
        for at, node in enumerate(problem.nodes)
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_every_assignment_is_tried(family):
    for problem in assignments(family, count=2, sizes=(1, 4), nodes=(2, 3)):
        assert EveryAssignment().solve(problem).value == pytest.approx(plain_best(problem), rel=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_branch_and_price_is_exact_and_gah_at_least_half(family):
    for problem in assignments(family, count=9, sizes=(1, 8)):
        best = EveryAssignment().solve(problem)
        assert is_feasible(problem, best.node_of)
        found = BranchAndPrice().solve(problem)
        assert found.optimal
        assert found.value == problem.value(found.node_of) == found.upper_bound == pytest.approx(best.value, rel=1e-9)
        assert is_feasible(problem, found.node_of)
        near = GAH().solve(problem)
        assert is_feasible(problem, near.node_of)
        assert near.value == problem.value(near.node_of)
        assert best.value / 2.0 - 1e-9 <= near.value <= best.value + 1e-9 <= near.upper_bound + 2e-9


@pytest.mark.parametrize("family", FAMILIES)
def test_highs_agrees(family):
    for problem in assignments(family, count=3, sizes=(4, 9), nodes=(2, 3)):
        best, highs = BranchAndPrice().solve(problem).value, AssignmentMilp().solve(problem)
        assert is_feasible(problem, highs.node_of)
        assert highs.value - 1e-6 <= best <= highs.upper_bound + 1e-6


@pytest.mark.parametrize("family", ["compute_bound", "all_bound", "none-per_request", "batch_max-batch_max"])
def test_more_requests_than_can_be_tried_agree_with_highs(family):
    for problem in assignments(family, count=3, sizes=(12, 16), nodes=(2, 3)):
        best, highs = BranchAndPrice().solve(problem), AssignmentMilp().solve(problem)
        assert best.optimal
        assert highs.value - 1e-6 <= best.value <= highs.upper_bound + 1e-6


@pytest.mark.parametrize("family", FAMILIES)
def test_one_node_is_the_problem_of_one_node(family):
    for problem in assignments(family, count=3, sizes=(6, 20), nodes=(1, 1)):
        alone = BranchAndBound().solve(problem.nodes[0]).value
        assert GAH().solve(problem).value == pytest.approx(alone, rel=1e-9)
        assert BranchAndPrice().solve(problem).value == pytest.approx(alone, rel=1e-9)


def test_where_all_are_worth_the_same_nodes_choose_in_turn_among_the_rest():
    for problem in assignments("all_bound", count=12, sizes=(8, 12), nodes=(3, 3)):
        if not all(node.counts_requests for node in problem.nodes):
            continue
        found, left = ot_gah().solve(problem), np.ones(len(problem), dtype=np.bool_)
        for at, node in enumerate(problem.nodes):
            batch = found.node_of == at
            assert not (batch & ~left).any()
            alone = BranchAndBound().solve(type(node)(node.rule, node.candidates, left.astype(float)))
            assert batch.sum() == alone.value
            left &= ~batch
        assert found.value == GAH().solve(problem).value


def test_a_stopped_search_has_a_feasible_assignment_and_a_bound():
    stopped = 0
    for problem in assignments("all_bound", count=12, sizes=(14, 18), nodes=(3, 3)):
        best = BranchAndPrice().solve(problem).value
        for solver in (BranchAndPrice(node_limit=1), BranchAndPrice(time_limit_s=1e-9)):
            found = solver.solve(problem)
            assert problem.is_feasible(found.node_of)
            assert found.value == problem.value(found.node_of)
            assert found.value - 1e-9 <= best <= found.upper_bound + 1e-9
            assert found.optimal == (found.value == found.upper_bound)
            stopped += not found.optimal
    assert stopped > 3


def test_equal_problems_are_solved_equally():
    for problem in assignments("all_bound", count=3, sizes=(12, 12), nodes=(3, 3)):
        first, second = BranchAndPrice().solve(problem), BranchAndPrice().solve(problem)
        assert (first.node_of == second.node_of).all()
        assert first.searched == second.searched


@pytest.mark.parametrize("solver", [BranchAndPrice, AssignmentMilp])
def test_limits_must_be_positive(solver):
    with pytest.raises(ValueError, match="node_limit = 0: must be at least 1"):
        solver(node_limit=0)
    with pytest.raises(ValueError, match="time_limit_s = 0: must be greater than 0"):
        solver(time_limit_s=0)
    with pytest.raises(TypeError, match="problem = 3: must be of type SeveralNodes"):
        solver().solve(3)


def test_without_a_limit_all_searches_for_batches_share_one(monkeypatch: pytest.MonkeyPatch):
    """Some seconds of work by default; here next to none."""
    monkeypatch.setattr("edge_llm_baselines.assignment.branch_and_price.default_node_limit", lambda requests: 10)
    stopped = 0
    for problem in assignments("all_bound", count=6, sizes=(14, 18), nodes=(3, 3)):
        best, found = BranchAndPrice(time_limit_s=600.0).solve(problem), BranchAndPrice().solve(problem)
        assert best.optimal
        assert problem.is_feasible(found.node_of)
        assert found.value - 1e-9 <= best.value <= found.upper_bound + 1e-9
        stopped += not found.optimal
    assert stopped > 0


@pytest.mark.parametrize("scale", [1e-5, 1e-7])
def test_highs_tells_small_values_apart(scale: float) -> None:
    for problem in assignments("all_bound", count=6, sizes=(6, 8), nodes=(2, 2)):
        small = SeveralNodes(tuple(replace(node, values=scale * node.values) for node in problem.nodes))
        best, found = BranchAndPrice().solve(small), AssignmentMilp().solve(small)
        assert best.optimal
        assert found.optimal
        assert found.value == pytest.approx(best.value, rel=1e-9)
