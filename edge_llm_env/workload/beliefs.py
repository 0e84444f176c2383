"""Drawing what a scenario's node believes of its requests."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.draws import Draws
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support import elementary

FloatArray = NDArray[np.float64]


class Believed(NamedTuple):
    """What a node believes of N requests; None where it knows."""

    uplink_gain: FloatArray | None
    downlink_gain: FloatArray | None
    """The same array as of the uplink where directions have the same gain: they are measured once."""
    output_tokens: NDArray[np.int64] | None


def draw_beliefs(
    scenario: Scenario, uplink: FloatArray, downlink: FloatArray, output_tokens: NDArray[np.int64], draws: Draws
) -> Believed:
    """What the node believes of gains, of shape (N, B), and of output lengths; nothing is drawn where it knows."""
    beliefs = scenario.beliefs
    longest = scenario.workload.longest_output_tokens
    if beliefs.gain_error_db == 0.0 and beliefs.gain_margin_db == 0.0:
        return Believed(None, None, beliefs.output_tokens.draw(draws, output_tokens, longest))
    believed_uplink = believed_gain(scenario, uplink, draws)
    believed_downlink = believed_uplink if downlink is uplink else believed_gain(scenario, downlink, draws)
    return Believed(believed_uplink, believed_downlink, beliefs.output_tokens.draw(draws, output_tokens, longest))


def believed_gain(scenario: Scenario, gain: FloatArray, draws: Draws) -> FloatArray:
    """g·10^((σz - m)/10) of gains g of shape (N, B), with a normal z for each, the error σ and the margin m in dB."""
    beliefs = scenario.beliefs
    error_db = np.zeros(gain.shape)
    if beliefs.gain_error_db > 0.0:
        error_db = beliefs.gain_error_db * draws.standard_normal(after=(gain.shape[1],))
    return np.asarray(gain * elementary.power(10.0, (error_db - beliefs.gain_margin_db) / 10.0), dtype=np.float64)
