from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from edge_llm_env import load_scenario
from edge_llm_env.radio.draws import Draws
from edge_llm_env.radio.path_losses.log_distance import path_gain
from edge_llm_env.radio.path_losses.path_loss import Attenuation
from edge_llm_env.radio.path_losses.urban import (
    UMA,
    UMI,
    UrbanCell,
    los_path_loss_db,
    los_probability,
    nlos_path_loss_db,
)
from edge_llm_env.scenarios.sections.radio_settings import RadioSettings
from edge_llm_env.workload.channel import draw_channel

USERS = 20_000
DISTANCE_M = np.geomspace(20.0, 500.0, USERS)
CELLS = {"uma": (UMA, 25.0, 4.0, 6.0), "umi": (UMI, 10.0, 4.0, 7.82)}


def radio_with(**overrides: Any) -> RadioSettings:
    return load_scenario("carry-over", **{f"radio.{field}": value for field, value in overrides.items()}).radio


def attenuation_of(radio: RadioSettings, rng: np.random.Generator) -> Attenuation:
    return radio.path_loss.draw(Draws([rng], [USERS]), DISTANCE_M, radio.carrier_frequency_hz)


@pytest.mark.parametrize("kind", CELLS)
def test_users_see_the_base_station_as_often_as_the_model_says(kind: str):
    _, line_of_sight = attenuation_of(radio_with(path_loss={"kind": kind}), np.random.default_rng(1))
    probability = los_probability(CELLS[kind][0], DISTANCE_M)
    seen, expected = line_of_sight.reshape(20, -1).sum(axis=1), probability.reshape(20, -1).sum(axis=1)
    variance = (probability * (1 - probability)).reshape(20, -1).sum(axis=1)
    # the sum of 20 squared standard deviates of independent groups of users
    assert stats.chi2(20).sf(((seen - expected) ** 2 / variance).sum()) > 0.01


@pytest.mark.parametrize("kind", CELLS)
def test_urban_attenuation_is_path_loss_and_normal_shadowing_of_the_table(kind: str):
    radio = radio_with(path_loss={"kind": kind}, carrier_frequency_hz=3.5e9)
    attenuation, line_of_sight = attenuation_of(radio, np.random.default_rng(2))
    cell, height_m, los_std_db, nlos_std_db = CELLS[kind]
    place = (DISTANCE_M, 3.5e9, height_m, 1.5)
    assert_normal(attenuation, los_path_loss_db(cell, *place), line_of_sight, los_std_db)
    assert_normal(attenuation, nlos_path_loss_db(cell, *place), ~line_of_sight, nlos_std_db)


def assert_normal(attenuation: np.ndarray, loss_db: np.ndarray, users: np.ndarray, std_db: float) -> None:
    shadowing_db = (-10 * np.log10(attenuation) - loss_db)[users]
    assert len(shadowing_db) > 1000
    assert stats.kstest(shadowing_db, "norm", args=(0.0, std_db)).pvalue > 0.01


def test_shadowing_of_log_distance_loss_is_normal():
    model = {"kind": "log_distance", "intercept_db": 128.1, "slope_db": 37.6, "shadowing_db": 8.0}
    attenuation, line_of_sight = attenuation_of(radio_with(path_loss=model), np.random.default_rng(3))
    assert line_of_sight.all()
    assert_normal(attenuation, -10 * np.log10(path_gain(DISTANCE_M, 128.1, 37.6)), line_of_sight, 8.0)


def test_heights_and_carrier_are_those_of_the_scenario():
    model = {"kind": "umi", "base_station_height_m": 6.0, "user_height_m": 2.0} | dict.fromkeys(
        ("los_shadowing_db", "nlos_shadowing_db"), 0.0
    )
    radio = radio_with(path_loss=model, carrier_frequency_hz=28e9)
    attenuation, seen = attenuation_of(radio, np.random.default_rng(4))
    place: tuple[UrbanCell, np.ndarray, float, float, float] = (UMI, DISTANCE_M, 28e9, 6.0, 2.0)
    expected_db = np.where(seen, los_path_loss_db(*place), nlos_path_loss_db(*place))
    np.testing.assert_allclose(-10 * np.log10(attenuation), expected_db, rtol=1e-12)


def test_users_without_a_line_of_sight_have_no_direct_path():
    radio = radio_with(fading={"kind": "rician", "k_factor_db": 9.0})
    line_of_sight = np.arange(USERS) % 2 == 0
    power = radio.fading.draw(
        Draws([np.random.default_rng(5)], [USERS]), line_of_sight, 1, 2.0, radio.carrier_frequency_hz
    )[:, 0]
    k = 10**0.9
    rice = stats.rice(b=np.sqrt(2 * k), scale=np.sqrt(1 / (2 * (k + 1))))
    assert stats.kstest(np.sqrt(power[line_of_sight]), rice.cdf).pvalue > 0.01
    assert stats.kstest(power[~line_of_sight], "expon").pvalue > 0.01


@pytest.mark.parametrize("fading", [{"kind": "rayleigh"}, {"kind": "rician", "k_factor_db": -100.0}])
def test_epochs_of_a_slow_user_are_correlated_as_its_doppler_says(fading: dict[str, Any]):
    # 0.03 m/s at 2 GHz: f_D = 0.2001 Hz; epochs of 2 s: J0(2π·0.2001·2)² = J0(2.515)² = 0.0025, at 0.8 s J0(1.006)²
    radio = radio_with(fading=fading | {"user_speed_m_per_s": 0.03})
    draws = Draws([np.random.default_rng(6)], [USERS])
    power = radio.fading.draw(draws, np.ones(USERS, dtype=bool), 2, 0.8, radio.carrier_frequency_hz)
    assert np.corrcoef(power.T)[0, 1] == pytest.approx(special.j0(1.006) ** 2, abs=4 / np.sqrt(USERS))


def test_users_keep_path_loss_and_shadowing_and_both_directions_share_them():
    radio = radio_with(
        path_loss={"kind": "umi"}, fading={"kind": "rayleigh", "user_speed_m_per_s": 0.0}, reciprocal_fading=False
    )
    uplink, downlink = draw_channel(radio, DISTANCE_M, 3, 2.0, Draws([np.random.default_rng(7)], [USERS]))
    assert uplink.shape == downlink.shape == (USERS, 3)
    np.testing.assert_array_equal(uplink[:, 0], uplink[:, 2])
    assert not (uplink == downlink).any()
    # Ratios of the directions are those of two exponentials, without the path loss: F(r) = r/(1 + r).
    assert stats.kstest(uplink[:, 0] / downlink[:, 0], lambda ratio: ratio / (1 + ratio)).pvalue > 0.01


def test_fading_of_another_kind_leaves_attenuation_as_it_was():
    still = {"kind": "rayleigh", "user_speed_m_per_s": 0.0}
    for model in ({"kind": "uma"}, {"kind": "umi"}):
        one, other = (
            attenuation_of(radio_with(path_loss=model, fading=fading), np.random.default_rng(8))
            for fading in ({"kind": "rayleigh"}, still)
        )
        np.testing.assert_array_equal(one[0], other[0])
