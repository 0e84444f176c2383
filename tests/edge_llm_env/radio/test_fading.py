from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from edge_llm_env.radio.draws import Draws
from edge_llm_env.radio.fading.gains import PATHS, bessel_j0, clarke_gains, doppler_hz, moving_power_gains
from edge_llm_env.radio.fading.rayleigh import RayleighFading, rayleigh_power_gains
from edge_llm_env.radio.fading.rician import RicianFading, rician_power_gains

USERS, BLOCKS = 4000, 5
NO_DIRECT_PATH = np.zeros(USERS)
K = 10 ** (5 / 10)
DOPPLER_HZ = 2.0
LAGS_S = np.linspace(0.0, 0.9, 10)


def draws(seed: int, users: int = USERS) -> Draws:
    return Draws([np.random.default_rng(seed)], [users])


def rice(envelope_of_power: np.ndarray, k_factor: float) -> float:
    """p-value of envelopes of mean power 1 against Rice's distribution (ν² = K/(K+1), 2σ² = 1/(K+1))."""
    sigma = np.sqrt(1 / (2 * (k_factor + 1)))
    return stats.kstest(np.sqrt(envelope_of_power), stats.rice(b=np.sqrt(2 * k_factor), scale=sigma).cdf).pvalue


# --- independent blocks


@pytest.fixture(scope="module")
def rayleigh() -> np.ndarray:
    return rayleigh_power_gains(draws(1), BLOCKS)


@pytest.fixture(scope="module")
def rician() -> np.ndarray:
    return rician_power_gains(draws(1), np.full(USERS, K), BLOCKS)


def test_power_gains_have_mean_one(rayleigh: np.ndarray, rician: np.ndarray):
    # The variance of the power is 1 under Rayleigh and (2K + 1)/(K + 1)² under Rician fading; three deviations.
    assert rayleigh.mean() == pytest.approx(1.0, abs=3 / np.sqrt(USERS * BLOCKS))
    assert rician.mean() == pytest.approx(1.0, abs=3 * np.sqrt(2 * K + 1) / (K + 1) / np.sqrt(USERS * BLOCKS))


def test_rayleigh_envelopes_are_rayleigh(rayleigh: np.ndarray):
    assert stats.kstest(np.sqrt(rayleigh.ravel()), stats.rayleigh(scale=np.sqrt(0.5)).cdf).pvalue > 0.01


def test_rician_envelopes_are_rician(rician: np.ndarray):
    assert rice(rician.ravel(), K) > 0.01


def test_rician_envelopes_with_another_factor_would_be_told_apart(rician: np.ndarray):
    assert rice(rician.ravel(), 1.1 * K) < 1e-3


def test_rician_envelope_without_a_direct_path_is_rayleigh():
    power = rician_power_gains(draws(2), NO_DIRECT_PATH, BLOCKS)
    assert stats.kstest(power.ravel(), "expon").pvalue > 0.01


@pytest.mark.parametrize("kind", ["rayleigh", "rician"])
def test_blocks_fade_independently(kind: str, request: pytest.FixtureRequest):
    correlation = np.corrcoef(request.getfixturevalue(kind).T)
    assert np.abs(correlation[~np.eye(BLOCKS, dtype=bool)]).max() < 4 / np.sqrt(USERS)


# --- blocks of users who move


@pytest.fixture(scope="module")
def clarke() -> np.ndarray:
    return clarke_gains(draws(3), LAGS_S, DOPPLER_HZ)


def test_doppler_by_hand():
    # 1.5 m/s at 2 GHz: 1.5·2e9/299792458 = 10.007 Hz
    assert doppler_hz(1.5, 2e9) == pytest.approx(10.00692, abs=1e-5)


def test_complex_gain_has_the_autocorrelation_of_clarke(clarke: np.ndarray):
    """J0(2π·f_D·τ): the mean of N products of unit power deviates by 1/√N and four of them at worst."""
    measured = (clarke[:, :1].conj() * clarke).mean(axis=0)
    expected = special.j0(2 * np.pi * DOPPLER_HZ * LAGS_S)
    assert expected.min() < -0.35
    assert np.abs(measured - expected).max() < 4 / np.sqrt(USERS)


def test_power_has_the_squared_autocorrelation(clarke: np.ndarray):
    """J0², as of a Gaussian process; so many sinusoids miss it by 1/PATHS at most."""
    power = np.abs(clarke) ** 2
    measured = np.corrcoef(power.T)[0]
    expected = special.j0(2 * np.pi * DOPPLER_HZ * LAGS_S) ** 2
    assert np.abs(measured - expected).max() < 1 / PATHS + 4 / np.sqrt(USERS)


def test_envelope_of_a_moving_user_is_rayleigh_at_every_time(clarke: np.ndarray):
    for gains in clarke.T:  # ten tests of gains that are correlated: Bonferroni's threshold
        assert stats.kstest(np.abs(gains), stats.rayleigh(scale=np.sqrt(0.5)).cdf).pvalue > 0.01 / len(LAGS_S)


def test_phase_is_uniform(clarke: np.ndarray):
    assert stats.kstest(np.angle(clarke[:, 4]), "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 0.01


def test_envelope_of_a_moving_user_with_a_direct_path_is_rician_at_every_time():
    power = moving_power_gains(draws(4), np.full(USERS, K), LAGS_S, DOPPLER_HZ)
    for block in power.T:
        assert rice(block, K) > 0.01 / len(LAGS_S)


def test_user_who_stands_still_keeps_its_channel():
    power = moving_power_gains(draws(5, users=20), np.full(20, K), np.arange(4.0), 0.0)
    np.testing.assert_array_equal(power, np.broadcast_to(power[:, :1], power.shape))
    assert len(np.unique(power[:, 0])) == 20


def test_time_scales_with_the_doppler():
    slow, fast = (
        moving_power_gains(draws(6), NO_DIRECT_PATH, LAGS_S * scale, DOPPLER_HZ / scale) for scale in (1.0, 8.0)
    )
    np.testing.assert_allclose(slow, fast, rtol=1e-9)


# --- what can be foreseen


def test_j0_is_scipy_s():
    x = np.r_[0.0, 1e-3, 1.2566, 2.4048, 7.0, 100.3, 2513.3]
    assert bessel_j0(x) == pytest.approx(special.j0(x), abs=1e-12)


@pytest.mark.parametrize(
    "fading",
    [
        RayleighFading(kind="rayleigh", user_speed_m_per_s=0.3),
        RicianFading(kind="rician", k_factor_db=5.0, user_speed_m_per_s=0.3),
    ],
    ids=str,
)
def test_correlations_are_those_of_the_gains_that_are_drawn(fading):
    """At 2 GHz and 0.3 m/s, 2.0 Hz of Doppler, 50 ms apart."""
    users = 40_000
    gains = fading.draw(Draws([np.random.default_rng(2)], [users]), np.ones(users, dtype=bool), 5, 0.05, 2e9)
    found = [np.corrcoef(gains[:, 0], gains[:, lag])[0, 1] for lag in range(1, 5)]
    assert found == pytest.approx(fading.correlations(4, 0.05, 2e9), abs=4 / np.sqrt(users))


def test_without_a_speed_nothing_and_at_rest_everything_can_be_foreseen():
    assert RayleighFading(kind="rayleigh").correlations(3, 2.0, 2e9).tolist() == [0.0] * 3
    assert RayleighFading(kind="rayleigh", user_speed_m_per_s=0.0).correlations(3, 2.0, 2e9).tolist() == [1.0] * 3
