"""The CQI tables: what the standard prints, and thresholds worked out again from the modulation's information."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_llm_env import load_scenario
from edge_llm_env.dynamics.params import node_params
from edge_llm_env.radio.rate import rate_bits_per_s
from edge_llm_env.radio.rate_models.cqi import CqiRate
from edge_llm_env.radio.rate_models.cqi_tables import BLOCK_ERROR_RATE, CQI_TABLES, Entry

BLOCK_BITS = 8448

EFFICIENCIES = {
    "64qam": (0.1523, 0.2344, 0.3770, 0.6016, 0.8770, 1.1758, 1.4766, 1.9141, 2.4063, 2.7305, 3.3223, 3.9023, 4.5234,
              5.1152, 5.5547),
    "256qam": (0.1523, 0.3770, 0.8770, 1.4766, 1.9141, 2.4063, 2.7305, 3.3223, 3.9023, 4.5234, 5.1152, 5.5547, 6.2266,
               6.9141, 7.4063),
    "low_se": (0.0586, 0.0977, 0.1523, 0.2344, 0.3770, 0.6016, 0.8770, 1.1758, 1.4766, 1.9141, 2.4063, 2.7305, 3.3223,
               3.9023, 4.5234),
}  # fmt: skip
"""As printed in TS 38.214, tables 5.2.2.1-2 to -4."""

SIMULATED_DB = (-6.934, -5.147, -3.18, -1.254, 0.761, 2.699, 4.694, 6.525, 8.573, 10.366, 12.289, 14.173, 15.888,
                17.814, 19.829)  # fmt: skip
"""The Vienna simulators' thresholds of simulated LTE links, at a block error rate of 0.1, for the first table."""


@pytest.mark.parametrize("table", CQI_TABLES)
def test_entries_have_the_efficiencies_of_the_standard(table: str):
    found = [entry.bits_per_symbol for entry in CQI_TABLES[table]]
    assert found == pytest.approx(EFFICIENCIES[table], abs=0.51e-4)


def information(bits: int, snr: float) -> tuple[float, float]:
    """Mean and variance of the bit-interleaved information of a Gray-mapped QAM symbol (bits), by Gauss-Hermite."""
    points = 2 ** (bits // 2)
    levels = np.arange(-(points - 1), points, 2).astype(float)
    levels /= np.sqrt(2.0 * np.mean(levels**2))
    labels = np.arange(points) ^ (np.arange(points) >> 1)
    nodes, weights = np.polynomial.hermite.hermgauss(64)
    received = levels[:, None] + nodes / np.sqrt(snr)
    likelihood: NDArray[np.float64] = np.exp(-((received[..., None] - levels) ** 2) * snr)
    density = np.zeros(received.shape)
    for bit in range(bits // 2):
        of_bit = (labels >> bit) & 1
        same = np.where(of_bit[:, None, None] == of_bit, likelihood, 0.0).sum(axis=-1)
        density += 1.0 - np.log2(likelihood.sum(axis=-1) / same)
    probability = weights / np.sqrt(np.pi) / points
    mean = float((density * probability).sum())
    return 2.0 * mean, 2.0 * float(((density - mean) ** 2 * probability).sum())


def rate_of_the_best_code(entry: Entry, snr_db: float, block_error_rate: float) -> float:
    """Bits per symbol that the normal approximation allows in a block of the entry's length."""
    mean, variance = information(entry.bits, 10.0 ** (snr_db / 10.0))
    symbols = BLOCK_BITS / entry.bits_per_symbol
    backoff = math.sqrt(variance / symbols) * -NormalDist().inv_cdf(block_error_rate)
    return mean - backoff + math.log2(symbols) / (2.0 * symbols)


@pytest.mark.parametrize("table", CQI_TABLES)
def test_thresholds_are_where_the_normal_approximation_allows_the_entry(table: str):
    for entry in CQI_TABLES[table]:
        below, above = (
            rate_of_the_best_code(entry, entry.snr_db + off_db, BLOCK_ERROR_RATE[table]) for off_db in (-0.006, 0.006)
        )
        assert below < entry.bits_per_symbol < above, entry


def test_the_implementation_loss_is_that_of_simulated_links():
    lost_db = np.array(SIMULATED_DB) - [entry.snr_db for entry in CQI_TABLES["64qam"]]
    assert lost_db.mean() == pytest.approx(CqiRate(kind="cqi").implementation_loss_db, abs=0.15)
    assert ((lost_db > 1.0) & (lost_db < 2.6)).all()


def test_an_entry_is_used_from_its_snr_on_and_nothing_below_the_first():
    steps = CqiRate(kind="cqi", table="256qam", implementation_loss_db=2.0).steps()
    for i, entry in enumerate(CQI_TABLES["256qam"]):
        at = 10.0 ** ((entry.snr_db + 2.0) / 10.0)
        before = CQI_TABLES["256qam"][i - 1].bits_per_symbol if i else 0.0
        assert rate_bits_per_s(1e6, at * (1 + 1e-9), np.inf, *steps) == 1e6 * entry.bits_per_symbol
        assert rate_bits_per_s(1e6, at * (1 - 1e-9), np.inf, *steps) == 1e6 * before
    assert rate_bits_per_s(1e6, 0.0, np.inf, *steps) == 0.0
    assert rate_bits_per_s(1e6, 1e9, 2.0, *steps) == 2e6


def test_a_scenario_names_the_model_or_gives_its_settings():
    named = load_scenario("carry-over", **{"radio.rate_model": "cqi"})
    assert named.radio.rate_model == CqiRate(kind="cqi")
    assert len(node_params(named).step_snr) == 15
    assert load_scenario("carry-over", **{"radio.rate_model": "shannon"}) == load_scenario("carry-over")
    other = load_scenario(named, **{"radio.rate_model.table": "low_se"})
    assert len({one.fingerprint() for one in (load_scenario("carry-over"), named, other)}) == 3
