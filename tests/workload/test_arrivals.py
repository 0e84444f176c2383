from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from edge_llm_env.workload.arrivals import poisson_arrivals

RATE_PER_S, HORIZON_S, TAPES = 5.0, 20.0, 1000


@pytest.fixture(scope="module")
def tapes() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [poisson_arrivals(rng, RATE_PER_S, HORIZON_S) for _ in range(TAPES)]


def test_arrivals_are_in_order_and_within_the_horizon(tapes: list[np.ndarray]):
    for times in tapes:
        assert (np.diff(times) >= 0).all()
        assert times.min() >= 0
        assert times.max() < HORIZON_S


def test_counts_have_the_mean_of_rate_times_horizon_and_an_equal_variance(tapes: list[np.ndarray]):
    counts = np.array([len(times) for times in tapes])
    expected = RATE_PER_S * HORIZON_S
    assert counts.mean() == pytest.approx(expected, abs=3 * np.sqrt(expected / TAPES))
    # The variance of a sample variance is about 2σ⁴/N.
    assert counts.var() == pytest.approx(expected, abs=3 * expected * np.sqrt(2 / TAPES))


def test_times_between_arrivals_are_exponential(tapes: list[np.ndarray]):
    gaps = np.concatenate([np.diff(times) for times in tapes[:50]])
    assert stats.kstest(gaps, "expon", args=(0, 1 / RATE_PER_S)).pvalue > 0.01


def test_arrivals_are_spread_evenly_over_the_horizon(tapes: list[np.ndarray]):
    assert stats.kstest(np.concatenate(tapes[:50]), "uniform", args=(0, HORIZON_S)).pvalue > 0.01


def test_rate_so_low_that_nobody_comes_gives_no_arrivals():
    assert len(poisson_arrivals(np.random.default_rng(0), 1e-12, 1.0)) == 0
