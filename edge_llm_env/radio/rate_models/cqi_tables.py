"""The CQI tables of 3GPP TS 38.214, and the SNR at which each entry is decoded.

Modulation and code rate are those of clause 5.2.2.1. The standard says at which block error rate an entry must be
decoded, and not at which SNR. `snr_db` is that of the best possible code: the SNR at which the normal approximation of
Polyanskiy, Poor and Verdú (IEEE Trans. Inf. Theory 56(5), 2010, equation 296), with the bit-interleaved mutual
information and dispersion of the modulation on a Gaussian channel, allows the entry's rate in a block of 8448 bits, the
longest of TS 38.212 (clause 5.2.2, base graph 1), at that error rate. `tests/edge_llm_env/radio/test_cqi.py` works it
out again. Codes in use need more: simulated LTE links (the thresholds of the Vienna simulators, at a block error rate
of 0.1) need 1.1 to 2.5 dB more, 1.6 on average, hence `implementation_loss_db`.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One row of a table."""

    bits: int
    """Bits of the modulation: 2 for QPSK, 4, 6 and 8 for 16QAM, 64QAM and 256QAM."""
    code_rate_x_1024: int
    snr_db: float
    """Least SNR of the best possible code."""

    @property
    def bits_per_symbol(self) -> float:
        """Spectral efficiency (bit/s/Hz)."""
        return self.bits * self.code_rate_x_1024 / 1024.0


BLOCK_ERROR_RATE = {"64qam": 0.1, "256qam": 0.1, "low_se": 1e-5}
"""At which an entry counts as decoded (TS 38.214, clause 5.2.2.1)."""

CQI_TABLES: dict[str, tuple[Entry, ...]] = {
    "64qam": (
        Entry(2, 78, -9.43),
        Entry(2, 120, -7.43),
        Entry(2, 193, -5.14),
        Entry(2, 308, -2.72),
        Entry(2, 449, -0.55),
        Entry(2, 602, 1.42),
        Entry(4, 378, 3.15),
        Entry(4, 490, 5.04),
        Entry(4, 616, 7.03),
        Entry(6, 466, 8.65),
        Entry(6, 567, 10.63),
        Entry(6, 666, 12.53),
        Entry(6, 772, 14.60),
        Entry(6, 873, 16.71),
        Entry(6, 948, 18.61),
    ),
    "256qam": (
        Entry(2, 78, -9.43),
        Entry(2, 193, -5.14),
        Entry(2, 449, -0.55),
        Entry(4, 378, 3.15),
        Entry(4, 490, 5.04),
        Entry(4, 616, 7.03),
        Entry(6, 466, 8.65),
        Entry(6, 567, 10.63),
        Entry(6, 666, 12.53),
        Entry(6, 772, 14.60),
        Entry(6, 873, 16.71),
        Entry(8, 711, 18.05),
        Entry(8, 797, 20.09),
        Entry(8, 885, 22.32),
        Entry(8, 948, 24.17),
    ),
    "low_se": (
        Entry(2, 30, -13.49),
        Entry(2, 50, -11.21),
        Entry(2, 78, -9.19),
        Entry(2, 120, -7.19),
        Entry(2, 193, -4.90),
        Entry(2, 308, -2.48),
        Entry(2, 449, -0.31),
        Entry(2, 602, 1.67),
        Entry(4, 378, 3.41),
        Entry(4, 490, 5.31),
        Entry(4, 616, 7.31),
        Entry(6, 466, 8.95),
        Entry(6, 567, 10.94),
        Entry(6, 666, 12.85),
        Entry(6, 772, 14.93),
    ),
}
"""Tables 5.2.2.1-2, -3 and -4, from CQI 1 on; CQI 0 is out of range."""
