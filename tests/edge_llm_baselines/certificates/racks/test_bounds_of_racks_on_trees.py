"""Bounds of racks against exact dynamic programming over trees of futures, in which policies switch modules."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.stats import poisson

from edge_llm_baselines.certificates.racks.clairvoyant import Loads, penalised_clairvoyant
from edge_llm_baselines.certificates.racks.epochs import Rack
from edge_llm_baselines.certificates.racks.relaxed import Relaxed
from tests.edge_llm_baselines.certificates.racks.futures import Node, PoissonFutures, Tree, random_params

TREES_PER_CASE = 60
ROUNDING = 1e-9
MOST_WAITING = 3


def _random_worth(seed: int, scale: float):
    @cache
    def worth(node: Node, ready: int, backlog: int) -> float:
        return scale * float(np.random.default_rng([seed, ready, backlog, *node]).standard_normal())

    return worth


def _optimal_worth(tree: Tree):
    """The value of so many modules that are ready, and none that starts."""
    value = tree.value(freely=True)

    def worth(node: Node, ready: int, backlog: int) -> float:
        waiting = tuple(sorted((tree.epoch(node),) * backlog + tree.come(node)))
        return value(node, (0,) * ready, waiting)

    return worth


@pytest.mark.parametrize("start_epochs", [0, 1, 2])
def test_any_penalty_bounds_every_policy(start_epochs: int) -> None:
    """And it is the clairvoyant's, exactly, where a start takes an epoch at most; else starts may be cancelled, and
    modules that start take up the room of others.
    """
    rng = np.random.default_rng(start_epochs)
    informed = costly = freely = 0
    for number in range(TREES_PER_CASE):
        tree = Tree.random(rng, start_epochs)
        worth = _random_worth(1000 * start_epochs + number, float(rng.choice([0.3, 1.0, 3.0])))
        rack, optimum = Rack.of(tree.params), tree.optimum()
        penalised = hindsight = 0.0
        for chance, leaf in tree.leaves():
            loads, differences = tree.loads_of(leaf), tree.differences(leaf, worth, MOST_WAITING)
            unpenalised, found = penalised_clairvoyant(rack, loads), penalised_clairvoyant(rack, loads, differences)
            by_switches, by_both = tree.clairvoyant(leaf, differences), tree.clairvoyant(leaf, differences, True)
            assert unpenalised >= tree.clairvoyant(leaf) - ROUNDING
            assert found >= by_both - ROUNDING
            if start_epochs < 2:
                assert found == pytest.approx(by_both, abs=1e-9)
            freely += by_both > by_switches + 1e-6
            hindsight += chance * unpenalised
            penalised += chance * found
        assert penalised >= optimum - ROUNDING
        informed += hindsight > optimum + 1e-6
        costly += penalised > optimum + 1e-6
    assert informed > (TREES_PER_CASE / 4 if start_epochs else 0)
    assert costly > TREES_PER_CASE / 2
    assert freely > 0 or start_epochs == 0, "to switch some off and others on at once was worth nothing"


@pytest.mark.parametrize("start_epochs", [0, 1, 2])
def test_with_the_optimal_value_function_the_bound_is_the_optimum_on_every_leaf(start_epochs: int) -> None:
    """Where a start takes an epoch at most: the state as an epoch begins is then who is ready and who waits. Where it
    takes two the charge is right but for modules that start, and the bound is between.

    The optimum is of those who can switch some modules off and others on at once; hardly ever does it pay.
    """
    rng = np.random.default_rng(100 + start_epochs)
    informed = lower = reached = 0
    for _ in range(TREES_PER_CASE):
        tree = Tree.random(rng, start_epochs)
        worth, rack, optimum = _optimal_worth(tree), Rack.of(tree.params), tree.optimum(freely=True)
        penalised = hindsight = 0.0
        for chance, leaf in tree.leaves():
            loads, differences = tree.loads_of(leaf), tree.differences(leaf, worth, MOST_WAITING)
            found = penalised_clairvoyant(rack, loads, differences)
            if start_epochs < 2:
                assert found == pytest.approx(optimum, abs=1e-9)
            penalised += chance * found
            hindsight += chance * penalised_clairvoyant(rack, loads)
        assert penalised >= optimum - ROUNDING
        informed += hindsight > optimum + 1e-6
        lower += penalised < hindsight - 1e-6
        reached += penalised < tree.optimum() + ROUNDING
    assert informed > (TREES_PER_CASE / 4 if start_epochs else 0)
    assert lower > (TREES_PER_CASE / 4 if start_epochs else 0)
    assert reached > TREES_PER_CASE / 4


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("start_epochs", [0, 1, 2])
def test_the_relaxed_problem_is_the_optimum_where_starts_are_short_and_a_bound_elsewhere(
    start_epochs: int, waits: bool
) -> None:
    rng = np.random.default_rng([start_epochs, waits])
    above = 0
    for _ in range(8):
        params = random_params(rng, start_epochs, epochs=3)
        rates = rng.uniform(0.0, 2.0, size=3)
        law = tuple(tuple(poisson.pmf(np.arange(19), rate).tolist()) for rate in rates)  # what is left is below 1e-12
        optimum = PoissonFutures(params, law, waits).optimum(freely=True)
        relaxed = Relaxed.of(Rack.of(params), rates, waits)
        if start_epochs < 2:
            assert relaxed.value == pytest.approx(optimum, abs=1e-9)
        assert relaxed.value >= optimum - 1e-9
        above += relaxed.value > optimum + 1e-6
    assert above > 0 or start_epochs < 2 or not waits


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("start_epochs", [0, 1, 2])
def test_paying_by_the_relaxed_problem_the_clairvoyant_earns_its_value_of_any_loads(
    start_epochs: int, waits: bool
) -> None:
    rng = np.random.default_rng([7, start_epochs, waits])
    knowing = 0
    for _ in range(30):
        params = random_params(rng, start_epochs, epochs=6)
        rack, rates = Rack.of(params), rng.uniform(0.0, 3.0, size=6)
        relaxed, played = Relaxed.of(rack, rates, waits), []
        for _ in range(10):
            come, nobody = rng.poisson(rates * rng.choice([1.0, 5.0])), np.zeros(6, dtype=np.int64)
            loads = Loads(nobody, come) if waits else Loads(come, nobody)
            differences = relaxed.differences(loads)
            assert penalised_clairvoyant(rack, loads, differences) == pytest.approx(relaxed.value, abs=1e-9)
            played.append(relaxed.earned(loads))
            assert played[-1] <= penalised_clairvoyant(rack, loads) + 1e-9
            knowing += played[-1] < penalised_clairvoyant(rack, loads) - 1e-6
    assert (knowing > 0) == (start_epochs > 0 or waits)


def test_the_optimal_policy_of_the_relaxed_problem_earns_its_value_on_average() -> None:
    rng = np.random.default_rng(3)
    for waits in (False, True):
        rack, rates = Rack.of(random_params(rng, 1, epochs=5)), rng.uniform(0.5, 3.0, size=5)
        relaxed = Relaxed.of(rack, rates, waits)
        nobody = np.zeros(5, dtype=np.int64)
        earned = np.array(
            [
                relaxed.earned(Loads(nobody, come) if waits else Loads(come, nobody))
                for come in rng.poisson(rates, (4000, 5))
            ]
        )
        assert abs(earned.mean() - relaxed.value) < 4.0 * earned.std() / np.sqrt(len(earned))
        assert earned.std() > 0.1
