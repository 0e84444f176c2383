"""Drawing users' channels as a scenario describes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.draws import Draws
from edge_llm_env.radio.road import Road
from edge_llm_env.scenarios.sections.radio_settings import RadioSettings

FloatArray = NDArray[np.float64]


def draw_channel(
    radio: RadioSettings, distance_m: FloatArray, blocks: int, epoch_s: float, draws: Draws
) -> tuple[FloatArray, FloatArray]:
    """Uplink and downlink power gains of users at those distances, each of shape (users, blocks).

    A user keeps its path loss and its shadowing; fading is that at the starts of epochs, `epoch_s` apart. With
    reciprocal fading the same array is returned twice.
    """
    gain, line_of_sight = radio.path_loss.draw(draws, distance_m, radio.carrier_frequency_hz)
    return _faded(radio, gain[:, None], line_of_sight, (blocks, epoch_s), draws)


def draw_channel_along(
    radio: RadioSettings, road: Road, quantile: FloatArray, blocks: int, epoch_s: float, draws: Draws
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distances (m) and both power gains of users who begin at quantiles in 0..1 of a road, each (users, blocks).

    Distances, path loss, shadowing and fading are those at the starts of epochs, `epoch_s` apart. With reciprocal
    fading the same gains are returned twice.
    """
    travelled_m = road.travelled_m(draws, epoch_s)
    distance_m = road.distances_m(quantile, travelled_m, radio.cell_radius_m, blocks)
    gain, line_of_sight = radio.path_loss.draw_along(distance_m, road.shadowing_along(draws, travelled_m, blocks))
    return distance_m, *_faded(radio, gain, line_of_sight, (blocks, epoch_s), draws)


def _faded(
    radio: RadioSettings, gain: FloatArray, line_of_sight: NDArray[np.bool_], epochs: tuple[int, float], draws: Draws
) -> tuple[FloatArray, FloatArray]:
    """Both power gains of users with fading; `gain` has one block, or as many as there are."""
    uplink = gain * radio.fading.draw(draws, line_of_sight, *epochs, radio.carrier_frequency_hz)
    if radio.reciprocal_fading:
        return uplink, uplink
    return uplink, gain * radio.fading.draw(draws, line_of_sight, *epochs, radio.carrier_frequency_hz)
