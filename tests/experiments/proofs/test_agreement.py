"""The campaign of `scripts/benchmark.py proofs`, its first few hundred instances."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines import BatchProblem, BruteForce
from edge_llm_baselines.solvers.problem import Solution
from experiments.proofs.adversarial_instances import FAMILIES, instances
from experiments.proofs.agreement import against_all_subsets, against_general_solvers, fault_of, hard_class_times


def test_no_solver_is_wrong_on_the_first_instances():
    for found in against_all_subsets(120, seed=0):
        assert found["wrong"] == [], found["family"]
        counts = found["counts"]
        assert counts["BranchAndBound"] == counts["BranchAndBound proven"] == counts["stopped"] == 120
        assert counts["core proven"] > 10
        assert 0 < counts["stopped proven"] < 120
        assert counts["DFTSP"] == counts["DFTSP proven"]


def test_general_solvers_agree_on_the_first_instances():
    for found in against_general_solvers(2, seed=0):
        assert found["wrong"] == [], found["family"]
        assert found["counts"]["instances"] == 2


def test_every_class_is_timed_beside_highs():
    (first, *others) = hard_class_times((20,), 2, seed=0)
    assert first["proven"] == first["highs_proven"] == first["instances"] == 2
    assert len(others) == 12
    assert not any(found["better_by_highs"] for found in [first, *others])


@pytest.mark.parametrize("family", FAMILIES)
def test_families_have_batches_to_find_and_requests_to_refuse(family):
    mixed = 0
    for problem in instances(family, 100, (4, 8), seed=1):
        best = BruteForce().solve(problem).value
        mixed += 0 < best < problem.values.sum()
    assert mixed >= 40


def test_faults_are_told():
    problem = BatchProblem.additive([0.6, 0.6], [0, 0], [0, 0], [0, 0], [1, 1], window_s=1, memory_limit_bytes=1)
    one, both = np.array([True, False]), np.array([True, True])
    assert fault_of(problem, Solution(one, 1.0, 0, True, 1.0), 1.0) == ""
    assert fault_of(problem, Solution(both, 2.0, 0, True, 2.0), 1.0) == "infeasible"
    assert fault_of(problem, Solution(one, 2.0, 0, True, 2.0), 1.0) == "value"
    assert fault_of(problem, Solution(one, 1.0, 0, True, 1.0), 2.0) == "not the optimum"
    assert fault_of(problem, Solution(one, 1.0, 0, False, 1.0), 2.0) == "bound"
    assert fault_of(problem, Solution(one, 1.0, 0, False, 3.0), 0.5) == "above the optimum"
    assert fault_of(problem, Solution(one, 1.0, 0, False, 3.0), 2.0) == ""
