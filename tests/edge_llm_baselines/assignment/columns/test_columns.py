"""The simplex on a pool of batches, against HiGHS; the batches that prices ask for, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from edge_llm_baselines import BruteForce
from edge_llm_baselines.assignment.columns.master import PERTURBATION, master_of, refresh, solve_master
from edge_llm_baselines.assignment.columns.pool import Columns
from edge_llm_baselines.assignment.columns.pricing import best_beyond
from tests.edge_llm_baselines.solvers.instances import problems


@pytest.mark.parametrize("seed", range(8))
def test_the_simplex_finds_the_optimum_and_its_prices(seed):
    rng = np.random.default_rng(seed)
    requests, nodes, count = (int(rng.integers(*bounds)) for bounds in ((3, 20), (1, 5), (5, 120)))
    values = rng.uniform(0.1, 1.0, (nodes, requests)) if seed % 2 else np.ones((nodes, requests))
    columns = Columns()
    for _ in range(count):
        node = int(rng.integers(nodes))
        columns.add(node, rng.random(requests) < 0.3, values[node])
    pool, count = columns.pool, columns.count
    matrix = np.zeros((requests + nodes, count))
    for k in range(count):
        matrix[pool.requests[pool.begin[k] : pool.begin[k + 1]], k] = 1.0
        matrix[requests + pool.node[k], k] = 1.0
    master = master_of(requests + nodes)
    is_open = np.ones(len(pool.node), dtype=np.bool_)
    solve_master(master, pool, count, is_open, requests, 1.0)
    before = master.price.copy(), master.amount.copy()
    refresh(master, pool, requests)
    assert solve_master(master, pool, count, is_open, requests, 1.0) == 0
    for now, then in zip((master.price, master.amount), before, strict=True):
        np.testing.assert_allclose(now, then, atol=1e-9)
    best = linprog(-pool.value[:count], A_ub=matrix, b_ub=np.ones(requests + nodes))
    assert master.price.sum() == pytest.approx(-best.fun, abs=1e-9)
    assert (master.price >= -1e-9).all()
    assert (master.price @ matrix >= pool.value[:count] - 1e-9).all()
    amounts = np.zeros(count)
    basic = master.basis >= 0
    amounts[master.basis[basic]] = master.amount[basic]
    assert (matrix @ amounts <= 1.0 + 2.0 * PERTURBATION).all()
    assert pool.value[:count] @ amounts == pytest.approx(-best.fun, abs=1e-4)


def test_a_batch_is_added_once_and_closed_with_its_requests():
    columns, values = Columns(), np.arange(1.0, 5.0)
    batch = np.array([True, False, True, False])
    assert columns.add(0, batch, values)
    assert not columns.add(0, batch, values)
    assert columns.add(1, batch, values)
    assert not columns.add(1, np.zeros(4, dtype=np.bool_), values)
    for k in range(100):
        columns.add(2 + k, ~batch, values)
    assert columns.count == 102
    assert columns.pool.value[[0, 101]].tolist() == [4.0, 6.0]
    allowed = np.ones((102, 4), dtype=np.bool_)
    allowed[0, 2] = False
    allowed[101, 0] = False
    assert columns.open_under(allowed)[:102].tolist() == [False] + 101 * [True]


@pytest.mark.parametrize("family", ["all_bound", "none-per_request", "nobody_can_be_served"])
def test_the_batch_beyond_prices_is_the_best_and_bounded(family):
    rng = np.random.default_rng(0)
    for problem in problems(family, count=20, sizes=(1, 10)):
        gains = rng.uniform(-1.0, 1.0, len(problem))
        gains[rng.random(len(problem)) < 0.2] = 1e-14
        best = BruteForce().solve(type(problem)(problem.rule, problem.candidates, np.maximum(gains, 0.0))).value
        batch, bound, _ = best_beyond(problem.rule, problem.candidates, gains, 10**6)
        assert not batch.any() or problem.is_feasible(batch)
        assert (gains[batch] > 0.0).all()
        assert gains[batch].sum() == pytest.approx(best, abs=1e-9)
        assert best - 1e-15 <= bound <= best + 1e-9
        assert best - 1e-15 <= best_beyond(problem.rule, problem.candidates, gains, 2)[1]
