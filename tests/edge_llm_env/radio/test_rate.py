from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_llm_env.radio.rate import minimum_share, rate_bits_per_s, reference_snr, watts_from_dbm
from edge_llm_env.radio.rate_models.shannon import ShannonRate


def shannon_rate(symbols_per_s: float, snr: float, max_bits_per_symbol: float) -> float:
    return rate_bits_per_s(symbols_per_s, snr, max_bits_per_symbol, *ShannonRate().steps())


@pytest.mark.parametrize(
    ("dbm", "watts"), [(30.0, 1.0), (20.0, 0.1), (0.0, 1e-3), (43.0, 19.952623), (-174.0, 3.981e-21)]
)
def test_watts_from_dbm(dbm: float, watts: float):
    assert watts_from_dbm(dbm) == pytest.approx(watts, rel=1e-4)


def test_reference_snr_by_hand():
    # 0.1 W over 10^-20 W/Hz · 10^7 Hz = 0.1 / 10^-13
    assert reference_snr(20.0, -170.0, 1e7) == pytest.approx(1e12, rel=1e-9)


def test_shannon_rate_by_hand():
    # 20 MHz at snr 3: 20e6 · log2(4) = 40 Mbit/s
    assert shannon_rate(20e6, 3.0, math.inf) == 40e6


def test_rate_stops_at_the_highest_spectral_efficiency():
    # log2(1 + 255) = 8 bit/s/Hz: capped at 7.4, 20e6 · 7.4 = 148 Mbit/s; log2(1 + 3) = 2 is below the cap
    assert shannon_rate(20e6, 255.0, 7.4) == 20e6 * 7.4
    assert shannon_rate(20e6, 3.0, 7.4) == 40e6


@pytest.mark.parametrize("snr", [1e-300, 1e-17, 1e-12, 9e-10])
def test_rate_of_a_signal_far_below_the_noise(snr: float):
    # log2(1 + x) = (x - x²/2) / ln 2 to sixteen digits; 1 + 1e-17 is 1
    assert shannon_rate(20e6, snr, math.inf) == pytest.approx(20e6 * (snr - snr**2 / 2) / math.log(2), 1e-14)


@given(st.floats(0.0, 1e-8), st.floats(0.0, 1e-8))
@example(2.0**-30, math.nextafter(2.0**-30, 0.0))
@example(math.nextafter(2.0**-30, 1.0), math.nextafter(2.0**-30, 0.0))
def test_no_signal_has_a_higher_rate_than_a_stronger_one(one: float, other: float):
    weaker, stronger = (shannon_rate(1.0, snr, math.inf) for snr in sorted((one, other)))
    assert weaker <= stronger


@given(st.floats(2.0**-30, 1e12))
def test_above_a_billionth_of_the_noise_rates_are_those_of_the_formula_to_the_bit(snr: float):
    assert shannon_rate(20e6, snr, math.inf) == 20e6 * math.log2(1.0 + snr)


def test_rate_without_signal_is_zero():
    assert shannon_rate(20e6, 0.0, math.inf) == 0.0


def test_minimum_share_by_hand():
    # 128 tokens of 32 bits = 4096 bit in 0.25 s at 40 Mbit/s: 4096 / 10e6
    assert minimum_share(128 * 32.0, 0.25, 40e6) == 4096 / 10e6


def test_user_with_the_minimum_share_sends_its_payload_just_in_time():
    rate = shannon_rate(1e6, 7.5, math.inf)
    share = minimum_share(5e5, 0.25, rate)
    assert share * rate * 0.25 == pytest.approx(5e5, rel=1e-12)


def test_share_of_a_dead_channel_is_infinite():
    assert minimum_share(4096.0, 0.25, 0.0) == math.inf
