"""Every instance that solvers ever disagreed on, against all of them."""

from __future__ import annotations

import json

import pytest

from edge_llm_baselines import DFTSP, BranchAndBound, BruteForce, MilpSolver
from edge_llm_baselines.solvers.cp_sat import CpSatSolver
from tests.edge_llm_baselines.solvers.disagreements import entry_of, fields_of, is_recorded, problem_of, recorded
from tests.edge_llm_baselines.solvers.instances import FAMILIES, problems
from tests.references import plain_rule
from tests.support.programs.processes import HANG_GUARD_S

EXACT = {"BruteForce": BruteForce(), "DFTSP": DFTSP(), "BranchAndBound": BranchAndBound()}
KNOWN = {known.name: known for known in recorded()}


@pytest.mark.parametrize("solver", EXACT)
@pytest.mark.parametrize("name", KNOWN)
def test_the_solvers_of_this_suite_find_the_optimum(name, solver):
    known = KNOWN[name]
    solution = EXACT[solver].solve(known.problem)
    assert solution.optimal
    assert solution.value == known.optimum
    assert plain_rule.is_feasible(known.problem, solution.selected)


@pytest.mark.parametrize("name", KNOWN)
def test_cp_sat_encloses_the_optimum(name):
    known = KNOWN[name]
    least, most = (CpSatSolver(HANG_GUARD_S, lenient=lenient).solve(known.problem).value for lenient in (False, True))
    assert least <= known.optimum <= most


@pytest.mark.parametrize("name", KNOWN)
def test_highs_finds_the_optimum_or_is_known_to_miss_it(name):
    known = KNOWN[name]
    solution = MilpSolver().solve(known.problem)
    assert plain_rule.is_feasible(known.problem, solution.selected)
    assert solution.value == known.optimum or (
        solution.value < known.optimum and is_recorded(known.problem, "MilpSolver")
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_an_entry_reads_back_to_the_last_bit(family):
    for problem in problems(family, count=5, sizes=(1, 6)):
        entry = json.loads(entry_of(problem, 0.0, {}))
        assert fields_of(problem_of(entry["problem"])) == fields_of(problem) == entry["problem"]
