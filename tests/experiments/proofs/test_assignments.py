"""The campaign of `scripts/benchmark.py assignments`, its first few instances."""

from __future__ import annotations

import numpy as np

from edge_llm_baselines import BatchProblem
from edge_llm_baselines.assignment.problem import Assignment, SeveralNodes
from experiments.proofs.assignments import agreement, fault_of


def test_no_solver_of_several_nodes_is_wrong_on_the_first_instances():
    for found in agreement(9, seed=0):
        assert found["wrong"] == [], found["family"]
        counts = found["counts"]
        assert counts["BranchAndPrice"] == counts["BranchAndPrice proven"] == counts["HiGHS"] == 9
        assert counts["OT-GAH"] >= 3
        assert found["least_ratio_of_gah"] >= 0.5


def test_faults_are_told():
    node = BatchProblem.additive([0.6, 0.6], [0, 0], [0, 0], [0, 0], [1, 1], window_s=1, memory_limit_bytes=1)
    problem = SeveralNodes((node, node))
    both, one, crowded = np.array([0, 1]), np.array([0, -1]), np.array([0, 0])
    assert fault_of(problem, Assignment(both, 2.0, 1, True, 2.0), 2.0, False) == ""
    assert fault_of(problem, Assignment(crowded, 2.0, 1, True, 2.0), 2.0, False) == "infeasible"
    assert fault_of(problem, Assignment(both, 1.0, 1, True, 2.0), 2.0, False) == "value"
    assert fault_of(problem, Assignment(one, 1.0, 1, True, 1.0), 2.0, False) == "bound"
    assert fault_of(problem, Assignment(one, 1.0, 1, True, 2.0), 2.0, False) == "not the optimum"
    assert fault_of(problem, Assignment(one, 1.0, 1, False, 2.0), 2.0, True) == ""
    assert fault_of(problem, Assignment(one, 1.0, 1, False, 3.0), 3.0, True) == "less than half"
