"""Certified bounds against exact dynamic programming, where the future is a tree of a few branches."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines.certificates.clairvoyant.dual import lowest_bound
from edge_llm_baselines.certificates.clairvoyant.windows import WindowEffort
from edge_llm_baselines.hindsight.block_bound import Effort
from tests.edge_llm_baselines.certificates.trees import Path, Tree, differences_of, optimum_of, random_worth

TREES_PER_CASE = 25
NOTHING = Effort(0)
ROUNDING = 1e-9


@pytest.mark.parametrize("case", range(12))
def test_any_penalty_and_any_descent_bound_every_policy(case: int) -> None:
    rng = np.random.default_rng(case)
    descents = blocks = windows = 0
    for number in range(TREES_PER_CASE):
        tree = Tree.random(rng)
        worth = random_worth(1000 * case + number, scale=float(rng.choice([0.0, 0.3, 1.0])))
        difference = differences_of(tree, worth)
        efforts = ((1, NOTHING), (30, NOTHING), (30, Effort(10_000)), (30, NOTHING, WindowEffort((3,), 100)))
        relaxed = dict.fromkeys(efforts, 0.0)
        clairvoyant = 0.0
        for leaf, chance in tree.leaves():
            problem = tree.penalised(leaf, difference)
            best = tree.clairvoyant(leaf, difference)
            clairvoyant += chance * best
            for effort in relaxed:
                bound = lowest_bound(problem, *effort)
                assert bound >= best - ROUNDING
                relaxed[effort] += chance * bound
        optimum = optimum_of(tree)
        assert optimum <= clairvoyant + ROUNDING
        once, descended, joined, windowed = relaxed.values()
        assert clairvoyant - ROUNDING <= min(joined, windowed)
        assert max(joined, windowed) <= descended + ROUNDING
        assert descended <= once + ROUNDING
        descents += descended < once - ROUNDING
        blocks += joined < descended - ROUNDING
        windows += windowed < descended - ROUNDING
    assert descents > 0
    assert blocks > 0
    assert windows > 0


@pytest.mark.parametrize("case", range(3))
def test_with_the_optimal_value_function_the_bound_is_the_optimum(case: int) -> None:
    """Of two rivals one waits at most, so that the value function is a sum over those who wait; the dual has no gap."""
    rng = np.random.default_rng(100 + case)
    informed = 0
    for _ in range(2 * TREES_PER_CASE):
        tree = Tree.of_two_rivals(rng)
        value = tree.optimum()

        def worth(path: Path, request: int, tree: Tree = tree, value=value) -> float:
            new = frozenset(tree.arrivals[path])
            return value(path, new | {request}, ()) - value(path, new, ())

        difference, nothing = differences_of(tree, worth), differences_of(tree, lambda path, request: 0.0)
        clairvoyant = hindsight = relaxed = 0.0
        for leaf, chance in tree.leaves():
            clairvoyant += chance * tree.clairvoyant(leaf, difference)
            hindsight += chance * tree.clairvoyant(leaf, nothing)
            relaxed += chance * lowest_bound(tree.penalised(leaf, difference), 100, NOTHING)
        optimum = optimum_of(tree)
        assert clairvoyant == pytest.approx(optimum, abs=1e-9)
        assert optimum - ROUNDING <= relaxed <= optimum + 0.02
        informed += hindsight > optimum + 1e-6
    assert informed > 0, "knowing the future was worth nothing on any tree"
