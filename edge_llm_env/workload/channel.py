"""Drawing users' channels as a scenario describes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.draws import Draws
from edge_llm_env.scenarios.radio_settings import RadioSettings

FloatArray = NDArray[np.float64]


def draw_channel(
    radio: RadioSettings, distance_m: FloatArray, blocks: int, epoch_s: float, draws: Draws
) -> tuple[FloatArray, FloatArray]:
    """Uplink and downlink power gains of users at those distances, each of shape (users, blocks).

    A user keeps its path loss and its shadowing; fading is that at the starts of epochs, `epoch_s` apart. With
    reciprocal fading the same array is returned twice.
    """
    carrier_hz = radio.carrier_frequency_hz
    gain, line_of_sight = radio.path_loss.draw(draws, distance_m, carrier_hz)
    uplink = gain[:, None] * radio.fading.draw(draws, line_of_sight, blocks, epoch_s, carrier_hz)
    if radio.reciprocal_fading:
        return uplink, uplink
    return uplink, gain[:, None] * radio.fading.draw(draws, line_of_sight, blocks, epoch_s, carrier_hz)
