"""Drawing users' channels as a scenario describes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.fading import doppler_hz, moving_power_gains, rayleigh_power_gains, rician_power_gains
from edge_llm_env.radio.path_loss import gain_of_loss, path_gain
from edge_llm_env.radio.urban import UMA, UMI, los_path_loss_db, los_probability, nlos_path_loss_db
from edge_llm_env.scenarios.radio_settings import LogDistancePathLoss, RadioSettings, RicianFading

FloatArray = NDArray[np.float64]


def draw_channel(
    radio: RadioSettings, distance_m: FloatArray, blocks: int, epoch_s: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Uplink and downlink power gains of users at those distances, each of shape (users, blocks).

    A user keeps its path loss and its shadowing; fading is that at the starts of epochs, `epoch_s` apart. With
    reciprocal fading the same array is returned twice.
    """
    attenuation, line_of_sight = draw_attenuation(radio, distance_m, rng)
    uplink = attenuation[:, None] * draw_fading(radio, line_of_sight, blocks, epoch_s, rng)
    if radio.reciprocal_fading:
        return uplink, uplink
    return uplink, attenuation[:, None] * draw_fading(radio, line_of_sight, blocks, epoch_s, rng)


def draw_attenuation(
    radio: RadioSettings, distance_m: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Power gain of path loss and shadowing per user, and who has a line of sight (everyone at log-distance loss)."""
    model = radio.path_loss
    users = len(distance_m)
    if isinstance(model, LogDistancePathLoss):
        attenuation = path_gain(distance_m, model.intercept_db, model.slope_db)
        if model.shadowing_db > 0:
            attenuation = attenuation * gain_of_loss(model.shadowing_db * rng.standard_normal(users))
        return attenuation, np.ones(users, dtype=np.bool_)
    cell = UMA if model.kind == "uma" else UMI
    line_of_sight = rng.random(users) < los_probability(cell, distance_m)
    geometry = (cell, distance_m, radio.carrier_frequency_hz, model.base_station_height_m, model.user_height_m)
    loss_db = np.where(line_of_sight, los_path_loss_db(*geometry), nlos_path_loss_db(*geometry))
    shadowing_db = np.where(line_of_sight, model.los_shadowing_db, model.nlos_shadowing_db)
    return gain_of_loss(loss_db + shadowing_db * rng.standard_normal(users)), line_of_sight


def draw_fading(
    radio: RadioSettings, line_of_sight: NDArray[np.bool_], blocks: int, epoch_s: float, rng: np.random.Generator
) -> FloatArray:
    """Power gains of mean 1, shape (users, blocks); under Rician fading, users without a line of sight are Rayleigh."""
    fading = radio.fading
    k_factor = np.zeros(len(line_of_sight))
    if isinstance(fading, RicianFading):
        k_factor[line_of_sight] = 10.0 ** (fading.k_factor_db / 10.0)
    if fading.user_speed_m_per_s is not None:
        doppler = doppler_hz(fading.user_speed_m_per_s, radio.carrier_frequency_hz)
        return moving_power_gains(rng, k_factor, epoch_s * np.arange(blocks, dtype=np.float64), doppler)
    if isinstance(fading, RicianFading):
        return rician_power_gains(rng, k_factor, blocks)
    return rayleigh_power_gains(rng, len(line_of_sight), blocks)
