"""The dynamic programme of the exact search: steps of costs, and states that no other makes needless."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edge_llm_env.solver.dynamic_programme.core import Core, cost_step
from edge_llm_env.solver.dynamic_programme.states import (
    NOTHING,
    Outlook,
    decide_next,
    histories_of_room,
    states_of_room,
)
from edge_llm_env.solver.linear_programme.relaxation import relaxation_of_size

ANYTHING = Outlook(1.0, 1.0)
"""Of requests of which those taken are worth at least their cost, and the others at most."""


def step_of(costs, per_unit: float = 1.0) -> float:
    lp = relaxation_of_size(len(costs))
    lp.free[:] = True
    lp.cost[:, 2] = np.asarray(costs) * per_unit
    return cost_step(lp, len(costs), 2, per_unit)


@pytest.mark.parametrize("per_unit", [1.0, 1 / 13173, 1 / 2_500_001, 1e-12 / 7])
def test_whole_costs_have_the_step_that_they_share_whatever_the_capacity(per_unit):
    assert step_of([12, 18, 600_000_006], per_unit) == pytest.approx(6 * per_unit, rel=1e-15)
    assert step_of([7, 11, 13], per_unit) == pytest.approx(per_unit, rel=1e-15)


def test_fractions_of_a_capacity_have_the_step_that_they_share():
    weights = np.random.default_rng(0).integers(1, 1000, 100)
    assert step_of(weights / weights.sum() * 2.0) == pytest.approx(2.0 / weights.sum(), rel=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_real_costs_have_none(seed):
    assert step_of(np.random.default_rng(seed).uniform(0.01, 1.0, 20)) == 0.0


def test_free_requests_of_no_cost_have_none():
    assert step_of([0.0, 0.0]) == 0.0


@pytest.mark.parametrize("looked_at", [1, 2])
@pytest.mark.parametrize("seed", range(30))
def test_the_best_state_is_the_best_of_all_subsets(seed, looked_at):
    rng = np.random.default_rng(seed)
    size = 8
    value, cost, capacity = rng.integers(1, 20, size).astype(float), np.zeros((size, 4)), np.full(4, np.inf)
    cost[:, :looked_at] = rng.integers(1, 20, (size, looked_at))
    taken = value > cost[:, 0]
    capacity[:looked_at] = 40.0
    start = np.array([cost[taken].sum(axis=0)]).reshape(4)
    core = Core(
        np.arange(size), taken, value, cost, capacity, np.array([1.0, 0, 0, 0]), np.ones(size), 0.0,
        value[taken].sum(),        start, 0, looked_at,
    )  # fmt: skip
    source, target, histories = states_of_room(1024), states_of_room(1024), histories_of_room(1024)
    source.used[0], source.value[0], source.cost[0], source.history[0] = 1, core.start_value, start, NOTHING
    best, goal = None, 0.0
    for position in range(size):
        found = decide_next(source, target, histories, core, position, ANYTHING, goal)
        if found != NOTHING:
            best = taken.copy()
            entry = target.history[found]
            while entry != NOTHING:
                best[histories.turned[entry]] = not best[histories.turned[entry]]
                entry = histories.before[entry]
            goal = target.value[found] + 0.5
            assert value[best].sum() == target.value[found]
        source, target = target, source
    subsets = [np.array(subset) for subset in product([False, True], repeat=size)]
    most = max(value[subset].sum() for subset in subsets if (cost[subset].sum(axis=0) <= capacity).all())
    assert best is not None
    assert value[best].sum() == most
    assert (cost[best].sum(axis=0) <= capacity).all()
