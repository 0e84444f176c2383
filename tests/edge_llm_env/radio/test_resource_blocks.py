"""Resource blocks: the standard's numbers, what they carry by hand, and shares that are whole numbers of them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.dynamics.params import node_params
from edge_llm_env.feasibility.rule import in_whole_units, within
from edge_llm_env.radio.resource_blocks import BLOCKS, ResourceBlocks


@pytest.mark.parametrize("spacing_khz", BLOCKS)
def test_blocks_fit_their_channel_and_leave_the_guard_bands_of_the_standard(spacing_khz: int):
    """TS 38.101-1, table 5.3.3-1: guards are (bandwidth - blocks·12·spacing)/2 - spacing/2, rounded."""
    guard_khz = {
        (15, 5): 242.5, (15, 20): 452.5, (15, 50): 692.5, (30, 5): 505.0, (30, 20): 805.0, (30, 100): 845.0,
        (60, 10): 1010.0, (60, 20): 1330.0, (60, 100): 1370.0,
    }  # fmt: skip
    for mhz, blocks in BLOCKS[spacing_khz].items():
        guard = (mhz * 1000 - blocks * 12 * spacing_khz) / 2 - spacing_khz / 2
        assert guard > 0
        assert guard == guard_khz.get((spacing_khz, mhz), guard)


def test_what_blocks_carry_by_hand():
    blocks = ResourceBlocks(subcarrier_spacing_khz=30)
    assert blocks.slot_s == 0.0005
    assert blocks.blocks(20e6) == 51
    assert blocks.occupied_hz(20e6) == 51 * 360e3
    # 51 blocks of 12 subcarriers with 14 symbols in each of 2000 slots per second, of which 8 % are overhead
    assert blocks.symbols_per_s(20e6, 0.08) == pytest.approx(51 * 12 * 14 * 2000 * 0.92)
    assert blocks.units(20e6, 0.25) == 51
    assert ResourceBlocks(subcarrier_spacing_khz=30, granted_for="slot").units(20e6, 0.25) == 51 * 500


@given(st.floats(0.0, 1.0), st.integers(1, 30_000))
def test_a_whole_number_of_units_is_the_least_that_suffices(share: float, units: int):
    whole = in_whole_units(share, float(units))
    count = round(whole * units)
    assert whole == count / units
    assert within(share, whole)
    assert count == 0 or (count - 1) / units < share


@given(st.lists(st.integers(0, 60), max_size=30), st.sampled_from([11, 24, 51, 273]))
def test_units_fit_if_and_only_if_they_are_no_more_than_there_are(counts: list[int], units: int):
    total = 0.0
    for count in counts:
        total += in_whole_units(count / units, float(units))
    assert within(total, 1.0) == (sum(counts) <= units)


def test_real_shares_and_those_that_no_band_carries_stay_as_they_are():
    assert in_whole_units(0.123, 0.0) == 0.123
    assert in_whole_units(math.inf, 51.0) == math.inf
    assert in_whole_units(1e300, 51.0) == 1e300
    assert in_whole_units(1.0 + 1e-10, 51.0) == 1.0


def test_a_rate_in_blocks_is_below_that_of_the_band():
    real, in_blocks = (
        node_params(load_scenario("carry-over", **{"radio.resource_blocks": blocks}))
        for blocks in (None, {"subcarrier_spacing_khz": 30})
    )
    assert real.uplink_units == real.downlink_units == 0.0
    assert in_blocks.uplink_units == in_blocks.downlink_units == 51.0
    assert in_blocks.uplink_symbols_per_s < real.uplink_symbols_per_s
    # the same power in less of the band, which has less noise
    assert in_blocks.uplink_snr / real.uplink_snr == pytest.approx(20e6 / (51 * 360e3))


@pytest.mark.parametrize(
    ("preset", "overrides", "problem"),
    [
        (
            "carry-over",
            {"radio.resource_blocks": {"subcarrier_spacing_khz": 30}, "radio.downlink_bandwidth_hz": 21e6},
            r"radio\.downlink_bandwidth_hz = 2\.1e\+07: must be a channel bandwidth of .* 5, 10, 15, 20, 25, .* MHz$",
        ),
        (
            "carry-over",
            {"radio.resource_blocks": {"subcarrier_spacing_khz": 120}},
            r"radio\.resource_blocks\.subcarrier_spacing_khz = 120: input should be 15, 30 or 60",
        ),
        (
            "embedding-uplink",
            {"radio.resource_blocks": {"subcarrier_spacing_khz": 30}},
            r'radio\.resource_blocks\.granted_for = "part": must be "slot" with epoch\.split = "flexible"',
        ),
        (
            "carry-over",
            {"radio.resource_blocks": {"subcarrier_spacing_khz": 15}, "epoch.downlink_s": 0.2505},
            r"epoch\.downlink_s = 0\.2505: must be a whole number of slots of 0\.001 s",
        ),
    ],
)
def test_what_has_no_blocks_is_refused(preset: str, overrides: dict[str, Any], problem: str):
    with pytest.raises(ScenarioError, match=problem):
        load_scenario(preset, **overrides)


def test_without_blocks_a_scenario_is_as_it_was():
    plain = load_scenario("carry-over")
    assert load_scenario(plain, **{"radio.resource_blocks": None}).fingerprint() == plain.fingerprint()
    blocks = [{"subcarrier_spacing_khz": 30, "granted_for": granted} for granted in ("part", "slot")]
    prints = {load_scenario(plain, **{"radio.resource_blocks": one}).fingerprint() for one in blocks}
    assert len(prints | {plain.fingerprint()}) == 3
