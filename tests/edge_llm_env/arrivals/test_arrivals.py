from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from edge_llm_env import load_scenario
from edge_llm_env.arrivals.diurnal import diurnal_arrivals
from edge_llm_env.arrivals.gamma import gamma_arrivals
from edge_llm_env.arrivals.markov_modulated import markov_modulated_arrivals
from edge_llm_env.arrivals.poisson import poisson_arrivals

RATE_PER_S, HORIZON_S, EPISODES = 5.0, 20.0, 1000
KINDS = {
    "gamma": {"kind": "gamma", "rate_per_s": 5.0, "coefficient_of_variation": 3.0},
    "markov_modulated": {
        "kind": "markov_modulated",
        "rates_per_s": [1.0, 20.0, 0.0],
        "mean_sojourns_s": [6.0, 2.0, 4.0],
    },
    "feeders": {
        "kind": "feeders",
        "rate_per_s": 2.0,
        "crowd_rate_per_s": 8.0,
        "lags_s": [3.0, 11.0, 5.0],
        "shares": [1.0, 0.5, 0.0],
        "mean_crowd_s": 4.0,
        "mean_calm_s": 12.0,
        "seen_crowd_per_s": 6.0,
        "seen_calm_per_s": 1.0,
        "count_every_s": 2.0,
    },
    "diurnal": {"kind": "diurnal", "rate_per_s": 5.0, "amplitude": 0.8, "period_s": 30.0},
    "diurnal_bursts": {
        "kind": "diurnal_bursts",
        "rate_per_s": 5.0,
        "amplitude": 0.8,
        "period_s": 30.0,
        "burst_rate_per_s": 20.0,
        "mean_burst_s": 2.0,
        "mean_calm_s": 6.0,
    },
}


def index_of_dispersion(times: np.ndarray, window_s: float) -> float:
    """Variance over mean of the counts in windows one after the other."""
    counts = np.histogram(times, bins=np.arange(0.0, times[-1], window_s))[0]
    return float(counts.var() / counts.mean())


@pytest.fixture(scope="module")
def workloads() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [poisson_arrivals(rng, RATE_PER_S, HORIZON_S) for _ in range(EPISODES)]


def test_arrivals_are_in_order_and_within_the_horizon(workloads: list[np.ndarray]):
    for times in workloads:
        assert (np.diff(times) >= 0).all()
        assert times.min() >= 0
        assert times.max() < HORIZON_S


def test_counts_have_the_mean_of_rate_times_horizon_and_an_equal_variance(workloads: list[np.ndarray]):
    counts = np.array([len(times) for times in workloads])
    expected = RATE_PER_S * HORIZON_S
    assert counts.mean() == pytest.approx(expected, abs=3 * np.sqrt(expected / EPISODES))
    # The variance of a sample variance is about 2σ⁴/N.
    assert counts.var() == pytest.approx(expected, abs=3 * expected * np.sqrt(2 / EPISODES))


def test_times_between_arrivals_are_exponential(workloads: list[np.ndarray]):
    gaps = np.concatenate([np.diff(times) for times in workloads[:50]])
    assert stats.kstest(gaps, "expon", args=(0, 1 / RATE_PER_S)).pvalue > 0.01


def test_arrivals_are_spread_evenly_over_the_horizon(workloads: list[np.ndarray]):
    assert stats.kstest(np.concatenate(workloads[:50]), "uniform", args=(0, HORIZON_S)).pvalue > 0.01


def test_rate_so_low_that_nobody_comes_gives_no_arrivals():
    assert len(poisson_arrivals(np.random.default_rng(0), 1e-12, 1.0)) == 0


# --- every other kind, as a scenario describes it


@pytest.mark.parametrize("kind", KINDS)
def test_episodes_have_the_mean_rate_from_their_start_and_times_in_order(kind: str):
    """Processes are stationary: even an episode shorter than a sojourn or a gap has the mean count."""
    arrivals = load_scenario("carry-over", **{"workload.arrivals": KINDS[kind]}).workload.arrivals
    rng = np.random.default_rng(4)
    for horizon_s, workloads in ((0.2, 8000), (15.0, 800)):
        drawn = [arrivals.draw(rng, horizon_s).arrival_s for _ in range(workloads)]
        for times in drawn:
            assert (np.diff(times) >= 0).all()
            assert times.size == 0 or (times[0] >= 0 and times[-1] < horizon_s)
        counts = np.array([len(times) for times in drawn])
        expected = arrivals.mean_rate_per_s * horizon_s
        assert counts.mean() == pytest.approx(expected, abs=4 * counts.std() / np.sqrt(workloads))


def test_mean_rates_by_hand():
    rates = {
        kind: load_scenario("carry-over", **{"workload.arrivals": given}).workload.arrivals.mean_rate_per_s
        for kind, given in KINDS.items()
    }
    # (6·1 + 2·20 + 4·0) / (6 + 2 + 4) = 46/12; 2 + 8·(1 + 0.5)·4/16 = 5; 5 + 20·2/8 = 10
    by_hand = {"gamma": 5.0, "markov_modulated": 46 / 12, "feeders": 5.0, "diurnal": 5.0, "diurnal_bursts": 10.0}
    assert rates == pytest.approx(by_hand)


# --- gamma


@pytest.mark.parametrize("variation", [0.4, 1.0, 2.0])
def test_times_between_arrivals_are_gamma_of_that_variation(variation: float):
    gaps = np.diff(gamma_arrivals(np.random.default_rng(7), 2.0, variation, 10_000.0))
    # shape 1/cv², mean 1/2 s
    assert stats.kstest(gaps, "gamma", args=(variation**-2, 0, variation**2 / 2)).pvalue > 0.01
    assert gaps.std() / gaps.mean() == pytest.approx(variation, rel=0.05)


@pytest.mark.parametrize("variation", [0.4, 2.0])
def test_counts_of_gamma_arrivals_are_dispersed_by_the_squared_variation(variation: float):
    times = gamma_arrivals(np.random.default_rng(8), 1.0, variation, 400_000.0)
    # Over long windows the index of dispersion tends to cv²; 2000 windows estimate it within √(2/2000), three of them.
    assert index_of_dispersion(times, 200.0) == pytest.approx(variation**2, rel=3 * np.sqrt(2 / 2000))


# --- Markov-modulated


@pytest.mark.parametrize("window_s", [0.5, 5.0, 50.0])
def test_counts_of_two_states_are_dispersed_as_theory_says(window_s: float):
    """The variance is that of Poisson counts and of the integrated rate, whose autocovariance is v·exp(-r·τ)."""
    low, high, stay_low, stay_high = 1.0, 9.0, 6.0, 2.0
    times = markov_modulated_arrivals(np.random.default_rng(9), (low, high), (stay_low, stay_high), 100_000.0)
    # rate 9 a quarter of the time: mean 3, v = 8²·(3/4)·(1/4) = 12; r = 1/6 + 1/2 = 2/3 per s
    mean, v, r = 3.0, 12.0, 2 / 3
    expected = 1 + 2 * v / (mean * r) * (1 - (1 - np.exp(-r * window_s)) / (r * window_s))
    assert len(times) == pytest.approx(300_000, abs=4 * np.sqrt(2 * v / r * 100_000))
    assert index_of_dispersion(times, window_s) == pytest.approx(expected, rel=0.1)


def test_state_without_arrivals_leaves_gaps_of_its_sojourn():
    times = markov_modulated_arrivals(np.random.default_rng(10), (200.0, 0.0), (1.0, 3.0), 8000.0)
    silences = np.diff(times)
    # At 200 requests/s no gap of 0.2 s is from the busy state (e^-40); beyond it silence is memoryless, mean 3 s.
    silences = silences[silences > 0.2] - 0.2
    assert len(silences) > 1500
    assert stats.kstest(silences, "expon", args=(0, 3.0)).pvalue > 0.01


# --- diurnal


def test_diurnal_rate_follows_the_sine():
    times = diurnal_arrivals(np.random.default_rng(11), 50.0, 0.6, 24.0, 0.5, 24.0 * 20)
    hours = np.linspace(0.0, 24.0, 25)
    angle = 2 * np.pi * hours / 24.0 + 0.5
    # ∫ r·(1 + a·sin) over each hour of 20 days
    expected = 20 * 50.0 * (1.0 + np.diff(-0.6 * np.cos(angle) * 24.0 / (2 * np.pi)))
    counts = np.histogram(times % 24.0, hours)[0]
    assert expected.max() > 3 * expected.min()
    assert stats.chi2(24).sf(((counts - expected) ** 2 / expected).sum()) > 0.01


def test_episodes_without_a_phase_start_at_any_time_of_the_day():
    rng = np.random.default_rng(12)
    days = [diurnal_arrivals(rng, 50.0, 1.0, 24.0, None, 24.0) for _ in range(300)]
    peaks = np.array([np.angle(np.exp(2j * np.pi * day / 24.0).mean()) for day in days])
    assert stats.kstest(peaks, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 0.01


def test_bursts_come_at_any_time_of_the_day_and_beside_its_arrivals():
    given = KINDS["diurnal_bursts"] | {"rate_per_s": 0.001, "burst_rate_per_s": 300.0, "phase_rad": 0.0}
    arrivals = load_scenario("carry-over", **{"workload.arrivals": given}).workload.arrivals
    times = arrivals.draw(np.random.default_rng(13), 8000.0).arrival_s
    # of 300 requests/s no gap of 0.2 s is within a burst (e^-60); what is left is the calm, memoryless, mean 6 s
    gaps = np.diff(times)
    calm = gaps[gaps > 0.2] - 0.2
    assert len(calm) > 800
    assert stats.kstest(calm, "expon", args=(0, 6.0)).pvalue > 0.01
    begins = times[1:][gaps > 0.2]
    assert stats.kstest(begins % 30.0, "uniform", args=(0, 30.0)).pvalue > 0.01


# --- feeders


def test_crowds_are_here_as_long_after_they_were_counted_as_their_feeder_lags():
    arrivals = load_scenario("carry-over", **{"workload.arrivals": KINDS["feeders"]}).workload.arrivals
    drawn = arrivals.draw(np.random.default_rng(10), 40_000.0)
    counts = drawn.feeder_counts
    assert counts is not None
    assert counts.shape == (20_000, 3)
    assert counts.mean(axis=0) / 2.0 == pytest.approx([1 + 5 / 4] * 3, rel=0.05)
    here = np.histogram(drawn.arrival_s, np.arange(40_001.0))[0]
    for feeder, (lag_s, share) in enumerate(((3, 1.0), (11, 0.5), (5, 0.0))):
        seen = np.repeat(counts[:, feeder], 2)[:-40]
        # of a second and of the period of two that was counted: the lag is half a second less than the best match
        matched = [np.corrcoef(seen, here[shift : shift + len(seen)])[0, 1] for shift in range(40)]
        if share:
            assert abs(int(np.argmax(matched)) - lag_s) <= 1
        else:
            assert max(matched) < 0.03


def test_feeders_whose_lag_holds_too_many_crowds_are_refused():
    short = KINDS["feeders"] | {"mean_crowd_s": 0.01, "mean_calm_s": 0.01, "count_every_s": 100.0}
    with pytest.raises(ValueError, match="lags_s up to"):
        load_scenario("carry-over", **{"workload.arrivals": short | {"lags_s": [1e6] * len(short["lags_s"])}})
