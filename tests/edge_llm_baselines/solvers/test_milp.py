"""HiGHS and CP-SAT agree with the solvers of this suite."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from edge_llm_baselines import DFTSP, BatchProblem, BranchAndBound, BruteForce, MilpSolver
from edge_llm_baselines.solvers import milp
from edge_llm_baselines.solvers.cp_sat import CpSatSolver
from tests.edge_llm_baselines.solvers.disagreements import entry_of, is_recorded
from tests.edge_llm_baselines.solvers.instances import FAMILIES, problems
from tests.references import plain_rule
from tests.support.clock import Clock, stopping_at_once
from tests.support.programs.processes import HANG_GUARD_S

AT_THE_EDGE = ("ties", "shares_that_fill_a_band")
"""Families in which sums meet or miss a capacity by less than HiGHS's own tolerance of 1e-6, now and then."""


def cp_sat_bounds(problem: BatchProblem) -> tuple[float, float]:
    """What CP-SAT can say of the optimum: it is between these two, which differ only by what rounding decides."""
    strict, lenient = CpSatSolver(HANG_GUARD_S).solve(problem), CpSatSolver(HANG_GUARD_S, lenient=True).solve(problem)
    assert strict.optimal
    assert lenient.optimal
    assert not strict.selected.any() or plain_rule.is_feasible(problem, strict.selected)
    return strict.value, lenient.value


INSTANCES = int(os.environ.get("INSTANCES_PER_FAMILY", "15"))
"""Set it to 840 for more than 20,000 instances."""


@pytest.mark.parametrize("family", FAMILIES)
def test_all_five_solvers_agree(family):
    for problem in problems(family, count=INSTANCES, sizes=(1, 12)):
        best = BruteForce().solve(problem).value
        for solver in (DFTSP(), BranchAndBound()):
            solution = solver.solve(problem)
            assert solution.value == solution.upper_bound == best, told(problem, best, solver, solution.value)
            assert not solution.selected.any() or plain_rule.is_feasible(problem, solution.selected)
        assert_highs_agrees(problem, best, family in AT_THE_EDGE)
        least, most = cp_sat_bounds(problem)
        assert least <= best <= most, told(problem, best, CpSatSolver(), least if least > best else most)


def assert_highs_agrees(problem: BatchProblem, best: float, at_the_edge: bool) -> None:
    """The bounds of HiGHS enclose the optimum, and are equal but at the edge, unless it is known to be wrong."""
    solution = MilpSolver().solve(problem)
    assert not solution.selected.any() or plain_rule.is_feasible(problem, solution.selected)
    assert solution.optimal or at_the_edge
    agrees = solution.value <= best <= solution.upper_bound
    assert agrees or is_recorded(problem, "MilpSolver"), told(problem, best, MilpSolver(), solution.value)


def told(problem: BatchProblem, best: float, solver: object, value: float) -> str:
    """What a failing test says: the line to append to `disagreements.json`."""
    return entry_of(problem, best, {type(solver).__name__: value})


@pytest.mark.parametrize("family", FAMILIES)
def test_highs_finds_the_optimum_when_requests_have_values(family):
    rng = np.random.default_rng(0)
    for problem in problems(family, count=10, sizes=(1, 12)):
        weighted = replace(problem, values=rng.uniform(0.0, 1.0, len(problem)))
        assert MilpSolver().solve(weighted).value == pytest.approx(BruteForce().solve(weighted).value, abs=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_branch_and_bound_agrees_with_highs_and_cp_sat_on_more_requests(family):
    decided = 0
    for problem in problems(family, count=6, sizes=(15, 25)):
        best = BranchAndBound().solve(problem).value
        highs = MilpSolver().solve(problem).value
        assert highs == best, told(problem, best, MilpSolver(), highs)
        least, most = cp_sat_bounds(problem)
        assert least <= best <= most, told(problem, best, CpSatSolver(), least if least > best else most)
        decided += least == most
    assert decided >= 5 or family in AT_THE_EDGE


@pytest.mark.parametrize("family", FAMILIES)
def test_cp_sat_agrees_when_requests_have_values(family):
    rng = np.random.default_rng(1)
    for problem in problems(family, count=5, sizes=(1, 12)):
        weighted = replace(problem, values=rng.integers(0, 6, len(problem)).astype(float))
        least, most = cp_sat_bounds(weighted)
        assert least <= BranchAndBound().solve(weighted).value <= most


def test_a_time_limit_gives_a_valid_bound(monkeypatch):
    given = stopping_at_once(monkeypatch)
    Clock.in_module(milp, monkeypatch, step_s=0.5)
    problem = next(problems("batch_max-batch_max", count=1, sizes=(60, 60)))
    best = BranchAndBound().solve(problem).value
    solution = MilpSolver(time_limit_s=2.0).solve(problem)
    assert given == [1.5], "what writing the programme left of it"
    assert not solution.optimal
    assert solution.value <= best <= solution.upper_bound
    assert not solution.selected.any() or plain_rule.is_feasible(problem, solution.selected)


def test_no_request_is_no_batch():
    problem = BatchProblem.additive([], [], [], [], [], window_s=1.0, memory_limit_bytes=1.0)
    assert MilpSolver().solve(problem).optimal


def test_a_limit_that_is_not_positive_is_an_error():
    with pytest.raises(ValueError, match="time_limit_s"):
        MilpSolver(time_limit_s=0)


@pytest.mark.parametrize("scale", [1e-5, 1e-7, 1e13])
def test_values_of_any_size_are_told_apart(scale: float) -> None:
    for problem in problems("all_bound", count=5, sizes=(8, 10)):
        scaled = replace(problem, values=scale * np.random.default_rng(len(problem)).uniform(0.5, 1.0, len(problem)))
        best = BruteForce().solve(scaled).value
        found = MilpSolver().solve(scaled)
        assert found.optimal
        assert found.value == pytest.approx(best, rel=1e-9)
        stopped = MilpSolver(node_limit=1).solve(scaled)
        assert stopped.value <= best * (1 + 1e-9) <= stopped.upper_bound * (1 + 2e-9)


def test_more_nodes_than_highs_counts_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^node_limit = 8589934592: must be at most 2147483647"):
        MilpSolver(node_limit=2**33)
