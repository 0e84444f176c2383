"""What the channel of a request that waits turns out to be, less what was expected of it an epoch before."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_baselines.certificates.penalties.fades import MOST_KNOWN, expected_after
from edge_llm_baselines.certificates.penalties.independence import check_channels
from edge_llm_baselines.certificates.penalties.penalty import multiplied
from edge_llm_env.radio.fading.gains import bessel_j0, doppler_hz
from edge_llm_env.radio.rate import reference_snr
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

RATES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""a of exp(-a·power), which tell a fading power gain by numbers whose expectations are known."""

FACTORS = 12
"""Known of a request that waits an epoch before."""

MOST_BEFORE = 3.0
"""Of the power gain an epoch before, as a factor."""

USUAL_SHARE, REQUESTS_PER_EPOCH = 0.2, 5.0
"""Share of the uplink, and requests that fill an epoch, that count as 1 in factors: so weights are of one size."""


class ChannelSignals(NamedTuple):
    """Fading of those who wait, as a source of a penalty.

    W(i, e) = Σ_{g, a} θ_{g,a} · g(i, e) · exp(-a·p), with p the power gain of request i in epoch e over its mean:
    who waits is worth more with a channel that takes less of the band. g is known an epoch before. E[exp(-a·p)] is
    taken over p given all gains of the request before (`edge_llm_baselines.certificates.penalties.fades`), on which
    alone p depends. From the sixth epoch of a request on, W is 0.
    """

    scenario: Scenario
    correlation: NDArray[np.float64]
    """(B,) of the complex gain now and after 0, 1, ... epochs."""

    @classmethod
    def of(cls, scenario: Scenario) -> ChannelSignals:
        """Those of a scenario; raises ScenarioError where a gain does not follow from distance and fading alone."""
        check_channels(scenario)
        blocks, speed = scenario.fading_blocks, scenario.radio.fading.user_speed_m_per_s
        if speed is None:
            return cls(scenario, np.eye(1, blocks)[0])
        doppler = doppler_hz(speed, scenario.radio.carrier_frequency_hz)
        return cls(
            scenario, bessel_j0(2.0 * math.pi * doppler * scenario.epoch.epoch_s * np.arange(blocks, dtype=np.float64))
        )

    @property
    def size(self) -> int:
        """A weight for each factor and each rate."""
        return FACTORS * len(RATES)

    def products(self, workload: Workload, waiting: Waiting) -> NDArray[np.float64]:
        """(w, size): the difference that each weight stands for, 0 where a request arrives."""
        radio, epoch_s = self.scenario.radio, self.scenario.epoch.epoch_s
        mean_gain = radio.path_loss.usual_gain(workload.distance_m, radio.carrier_frequency_hz)
        middle_m = np.array([0.5 * (radio.min_distance_m + radio.cell_radius_m)])
        usual_gain = radio.path_loss.usual_gain(middle_m, radio.carrier_frequency_hz)
        powers = (workload.uplink_gain / mean_gain[:, None])[waiting.request]
        age = waiting.age()
        margin = (waiting.slack_s - epoch_s - waiting.alone_s) / epoch_s
        next_epoch, second = np.clip(margin, 0.0, 1.0), np.clip(margin - 1.0, 0.0, 1.0)
        size = waiting.alone_s / epoch_s * REQUESTS_PER_EPOCH
        snr = reference_snr(radio.device_power_dbm, radio.noise_dbm_per_hz, radio.uplink_bandwidth_hz) * mean_gain
        bits = workload.prompt_tokens * radio.uplink_bits_per_token
        rate = radio.uplink_bandwidth_hz * np.log2(1.0 + snr)
        share = (bits / (self.scenario.epoch.uplink_s * rate))[waiting.request] / USUAL_SHARE
        before = np.minimum(_at(powers, age - 1), MOST_BEFORE)
        strength = np.log(mean_gain / usual_gain)[waiting.request]
        factors = (
            np.ones(len(age)),
            next_epoch,
            second,
            size,
            share,
            share * share,
            share * next_epoch,
            share * second,
            before,
            before * share,
            strength,
            size * share,
        )
        return multiplied(factors, self._surprise(powers, age), waiting.arrives)

    def _surprise(self, powers: NDArray[np.float64], age: NDArray[np.int64]) -> NDArray[np.float64]:
        """(w, rates) exp(-a·p) less what was expected of it; 0 where nothing is new, or too much is known before."""
        new = (age > 0) & (age <= MOST_KNOWN) & (age < powers.shape[1])
        rates = np.array(RATES)
        surprise = np.zeros((len(age), len(rates)))
        known = age[new] if self.scenario.radio.fading.user_speed_m_per_s is not None else np.zeros(new.sum(), np.int64)
        expected = expected_after(powers[new], known, self.correlation, rates)
        surprise[new] = np.exp(-rates * _at(powers, age)[new, None]) - expected
        return surprise


def _at(powers: NDArray[np.float64], age: NDArray[np.int64]) -> NDArray[np.float64]:
    """(w,) the power gain at that age; past the last block, and before the first, the nearest one."""
    return powers[np.arange(len(age)), np.clip(age, 0, powers.shape[1] - 1)]
