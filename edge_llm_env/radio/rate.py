"""Shannon rate and the smallest share of the band that carries a payload in time."""

from __future__ import annotations

import math

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
def shannon_rate_bits_per_s(bandwidth_hz: float, snr: float, max_bits_per_s_per_hz: float) -> float:
    """Rate of the whole band, R = B·min(log2(1 + snr), cap) in bit/s (`docs/model.md`, constraint 1).

    The cap is the spectral efficiency of the highest modulation and coding scheme; it may be infinite.
    """
    bits_per_s_per_hz = math.log1p(snr) / math.log(2.0) if snr < _SMALL_SNR else math.log2(1.0 + snr)
    return bandwidth_hz * min(bits_per_s_per_hz, max_bits_per_s_per_hz)


@compiled
def minimum_share(payload_bits: float, duration_s: float, rate_bits_per_s: float) -> float:
    """Smallest share ρ of the band that carries the payload in `duration_s`: bits / (T·R); infinite at rate 0.

    Both a rate and a share scale with the band as in arXiv 2405.07140: a user with share ρ transmits at ρ·R.
    """
    if rate_bits_per_s <= 0.0:
        return math.inf
    return payload_bits / (duration_s * rate_bits_per_s)
