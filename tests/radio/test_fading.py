from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from edge_llm_env.radio.fading import rayleigh_power_gains

USERS, BLOCKS = 4000, 5


@pytest.fixture(scope="module")
def independent() -> tuple[np.ndarray, np.ndarray]:
    return rayleigh_power_gains(np.random.default_rng(1), USERS, BLOCKS, reciprocal=False)


def test_power_gains_have_mean_one(independent: tuple[np.ndarray, np.ndarray]):
    for gains in independent:
        # The mean of N exponentials has standard deviation 1/√N; three of them.
        assert gains.mean() == pytest.approx(1.0, abs=3 / np.sqrt(USERS * BLOCKS))


def test_power_gains_are_exponential(independent: tuple[np.ndarray, np.ndarray]):
    for gains in independent:
        assert stats.kstest(gains.ravel(), "expon").pvalue > 0.01


def test_blocks_fade_independently(independent: tuple[np.ndarray, np.ndarray]):
    correlation = np.corrcoef(independent[0].T)
    assert np.abs(correlation[~np.eye(BLOCKS, dtype=bool)]).max() < 4 / np.sqrt(USERS)


def test_directions_fade_independently_without_reciprocity(independent: tuple[np.ndarray, np.ndarray]):
    uplink, downlink = independent
    assert abs(np.corrcoef(uplink.ravel(), downlink.ravel())[0, 1]) < 4 / np.sqrt(USERS * BLOCKS)


def test_directions_fade_alike_with_reciprocity():
    uplink, downlink = rayleigh_power_gains(np.random.default_rng(1), 10, 3, reciprocal=True)
    np.testing.assert_array_equal(uplink, downlink)
    assert uplink.shape == (10, 3)
