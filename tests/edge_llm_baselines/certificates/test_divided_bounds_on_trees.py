"""Certified bounds of modules, of levels and of several nodes against exact dynamic programming on trees."""

from __future__ import annotations

import numpy as np
import pytest

from tests.edge_llm_baselines.certificates.divided import DividedTree
from tests.edge_llm_baselines.certificates.levelled import LevelTree
from tests.edge_llm_baselines.certificates.networked import NetworkTree
from tests.edge_llm_baselines.certificates.trees import Path, differences_of, optimum_of, random_worth

TREES_PER_CASE = 10
ROUNDING = 1e-9

of_every_kind = pytest.mark.parametrize(
    "kind", [DividedTree, LevelTree, NetworkTree], ids=["modules", "levels", "nodes"]
)


@of_every_kind
@pytest.mark.parametrize("case", range(6))
def test_any_penalty_and_any_descent_bound_every_policy(case: int, kind: type[DividedTree]) -> None:
    rng = np.random.default_rng(case)
    descents = informed = 0
    for number in range(TREES_PER_CASE):
        tree = kind.random_divided(rng)
        worth = random_worth(1000 * case + number, scale=float(rng.choice([0.0, 0.3, 1.0])))
        difference = differences_of(tree, worth)
        clairvoyant, relaxed = 0.0, dict.fromkeys((1, 3, 45), 0.0)
        for leaf, chance in tree.leaves():
            best = tree.clairvoyant(leaf, difference)
            clairvoyant += chance * best
            for iterations in relaxed:
                bound = tree.bound(leaf, difference, iterations)
                assert bound >= best - ROUNDING
                relaxed[iterations] += chance * bound
        optimum = optimum_of(tree)
        assert optimum <= clairvoyant + ROUNDING
        assert clairvoyant - ROUNDING <= relaxed[45] <= relaxed[3] + ROUNDING
        assert relaxed[3] <= relaxed[1] + ROUNDING
        descents += relaxed[45] < relaxed[1] - ROUNDING
        informed += clairvoyant > optimum + 1e-6
    assert descents > 0
    assert informed > 0


@of_every_kind
@pytest.mark.parametrize("case", range(3))
def test_with_the_optimal_value_function_the_bound_is_the_optimum(case: int, kind: type[DividedTree]) -> None:
    """Of two rivals one waits at most, and modules load in no time, so that the value function is a sum over those who
    wait; nobody is for both variants, so that the dual has no gap.
    """
    rng = np.random.default_rng(100 + case)
    informed = 0
    for _ in range(4 * TREES_PER_CASE):
        tree = kind.of_divided_rivals(rng)
        value = tree.optimum()

        def worth(path: Path, request: int, tree: DividedTree = tree, value=value) -> float:
            new = frozenset(tree.arrivals[path])
            return value(path, new | {request}, tree.begins) - value(path, new, tree.begins)

        difference, nothing = differences_of(tree, worth), differences_of(tree, lambda path, request: 0.0)
        clairvoyant = hindsight = relaxed = 0.0
        for leaf, chance in tree.leaves():
            clairvoyant += chance * tree.clairvoyant(leaf, difference)
            hindsight += chance * tree.clairvoyant(leaf, nothing)
            relaxed += chance * tree.bound(leaf, difference, 200)
        optimum = optimum_of(tree)
        assert clairvoyant == pytest.approx(optimum, abs=1e-9)
        assert optimum - ROUNDING <= relaxed <= optimum + 1e-3
        informed += hindsight > optimum + 1e-6
    assert informed > 0, "knowing the future was worth nothing on any tree"
