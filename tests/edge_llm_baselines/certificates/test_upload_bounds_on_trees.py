"""Certified bounds where uploads carry over, against exact dynamic programming on trees of futures."""

from __future__ import annotations

import numpy as np
import pytest

from tests.edge_llm_baselines.certificates.test_bounds_on_trees import ROUNDING, random_worth
from tests.edge_llm_baselines.certificates.trees import Path, differences_of
from tests.edge_llm_baselines.certificates.upload_trees import UploadTree

TREES_PER_CASE = 12


@pytest.mark.parametrize("case", range(6))
def test_any_penalty_bounds_every_policy(case: int) -> None:
    rng = np.random.default_rng(case)
    carried = informed = 0
    for number in range(TREES_PER_CASE):
        tree = UploadTree.random(rng)
        difference = differences_of(tree, random_worth(1000 * case + number, float(rng.choice([0.0, 0.3, 1.0]))))
        bound = clairvoyant = 0.0
        for leaf, chance in tree.leaves():
            best, most = tree.informed(leaf, difference), tree.penalised_uploads(leaf, difference).bound()
            assert most >= best - ROUNDING
            clairvoyant += chance * best
            bound += chance * most
        value = tree.most()
        optimum = value((0,), tree.new((0,)))
        assert optimum <= clairvoyant + ROUNDING
        assert clairvoyant <= bound + ROUNDING
        informed += clairvoyant > optimum + ROUNDING
        lefts = [left for served, left in tree.decisions((0,), tree.new((0,))) if not served]  # who sent nothing first
        values = [value((0, 0), left | tree.new((0, 0))) for left in lefts]
        carried += max(values) > values[0] + ROUNDING
    assert informed > 0, "knowing the future was worth nothing on any tree"
    assert carried > 0, "what is sent and not computed was worth nothing on any tree"


@pytest.mark.parametrize("case", range(3))
def test_with_the_optimal_value_function_the_bound_is_the_optimum(case: int) -> None:
    """In the second epoch whoever has a channel is served, so the value function is a sum over those who wait."""
    rng = np.random.default_rng(100 + case)
    informed = 0
    for _ in range(4 * TREES_PER_CASE):
        tree = UploadTree.of_two_rivals(rng)
        value = tree.most()

        def worth(path: Path, request: int, tree: UploadTree = tree, value=value) -> float:
            return value(path, tree.new(path) | {(request, 0)}) - value(path, tree.new(path))

        difference, nothing = differences_of(tree, worth), differences_of(tree, lambda path, request: 0.0)
        bound = hindsight = 0.0
        for leaf, chance in tree.leaves():
            bound += chance * tree.penalised_uploads(leaf, difference).bound()
            hindsight += chance * tree.penalised_uploads(leaf, nothing).bound()
        optimum = value((0,), tree.new((0,)))
        assert bound == pytest.approx(optimum, abs=1e-6)
        informed += hindsight > optimum + 1e-3
    assert informed > 0, "knowing the future was worth nothing on any tree"
