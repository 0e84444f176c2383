"""Solvers with costs of the roofline model: instances are what they say, and a wrong answer is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_llm_baselines import BruteForce
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from experiments.proofs.roofline_agreement import faults
from experiments.proofs.roofline_instances import DECODERS, instances, problem
from tests.references import plain_rule


@pytest.mark.parametrize("decoder", DECODERS.values())
def test_every_solver_agrees_with_all_subsets(decoder: str) -> None:
    refused = 0
    for one in instances(decoder, 6, (1, 8), seed=1):
        best = BruteForce().solve(one).value
        refused += best < one.values.sum()
        assert set(faults(one, best, cp_sat=True).values()) == {""}
        assert plain_rule.is_feasible(one, BranchAndBound().solve(one).selected)
    assert refused > 3


def test_a_number_makes_the_same_instance_again() -> None:
    first, again = (problem("mixtral-8x7b", 3, 5, (1, 12)) for _ in range(2))
    assert first.rule == again.rule
    assert all(np.array_equal(a, b) for a, b in zip(first.candidates, again.candidates, strict=True))


def test_an_answer_that_is_not_the_optimum_is_a_fault() -> None:
    one = replace(problem("llama-2-7b", 0, 0, (8, 8)), values=np.ones(8))
    best = BruteForce().solve(one).value
    assert set(faults(one, best, cp_sat=False)) == {"BranchAndBound", "DFTSP", "HiGHS"}
    assert all(faults(one, best + 1.0, cp_sat=True).values())
    assert all(faults(one, best - 1.0, cp_sat=True).values())
