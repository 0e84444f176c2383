"""What a channel carries, and the smallest share of the band that carries a payload in time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.compilation.compiling import compiled


def watts_from_dbm(power_dbm: float) -> float:
    """Power in W of a power in dBm."""
    return float(10.0 ** (power_dbm / 10.0) / 1000.0)


def reference_snr(power_dbm: float, noise_dbm_per_hz: float, bandwidth_hz: float) -> float:
    """Signal-to-noise ratio at channel gain 1: p / (N0·B), linear."""
    return watts_from_dbm(power_dbm) / (watts_from_dbm(noise_dbm_per_hz) * bandwidth_hz)


_SMALL_SNR = 2.0**-30
"""Below, 1 + snr has lost nine and more of the sixteen digits of the snr. A power of two: it loses none of this one,
so that the rate does not fall where the one formula follows on the other."""


@compiled
def shannon_efficiency(snr: float) -> float:
    """log2(1 + snr), bits per symbol, of a linear signal-to-noise ratio."""
    return math.log1p(snr) / math.log(2.0) if snr < _SMALL_SNR else math.log2(1.0 + snr)


@compiled
def stepped_efficiency(snr: float, step_snr: NDArray[np.float64], step_efficiency: NDArray[np.float64]) -> float:
    """Bits per symbol of the highest step whose SNR is reached, 0 below the first."""
    bits_per_symbol = 0.0
    for step in range(len(step_snr)):
        if snr >= step_snr[step]:
            bits_per_symbol = step_efficiency[step]
    return bits_per_symbol


@compiled
def rate_bits_per_s(
    symbols_per_s: float,
    snr: float,
    max_bits_per_symbol: float,
    step_snr: NDArray[np.float64],
    step_efficiency: NDArray[np.float64],
) -> float:
    """Rate of the whole band (bit/s): symbols per second times bits per symbol (`docs/model.md`, constraint 1).

    Shannon's log2(1 + snr) where there are no steps (`edge_llm_env.radio.rate_models.rate_model.Steps`). A band without
    overhead carries as many symbols per second as it has Hz. The cap is the spectral efficiency of the highest
    modulation and coding scheme; it may be infinite.
    """
    if len(step_snr) == 0:
        bits_per_symbol = shannon_efficiency(snr)
    else:
        bits_per_symbol = stepped_efficiency(snr, step_snr, step_efficiency)
    return symbols_per_s * min(bits_per_symbol, max_bits_per_symbol)


@compiled
def minimum_share(payload_bits: float, duration_s: float, rate_bits_per_s: float) -> float:
    """Smallest share ρ of the band that carries the payload in `duration_s`: bits / (T·R); infinite at rate 0.

    Both a rate and a share scale with the band as in arXiv 2405.07140: a user with share ρ transmits at ρ·R.
    """
    if rate_bits_per_s <= 0.0:
        return math.inf
    return payload_bits / (duration_s * rate_bits_per_s)
