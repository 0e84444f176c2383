from __future__ import annotations

from pathlib import Path

import pytest

from edge_llm_env import Scenario, list_scenarios, load_scenario
from edge_llm_env.scenarios import describe_scenarios
from tests.helpers import load_preset

PAPER = {"paper-bloom-3b": "bloom-3b", "paper-bloom-7b1": "bloom-7b1", "paper-opt-13b": "opt-13b"}


def test_presets_are_listed_in_order():
    assert list_scenarios() == ["bursty", "carry-over", *PAPER]


@pytest.mark.parametrize("name", list_scenarios())
def test_preset_loads_under_its_own_name(name: str, tmp_path: Path):
    scenario = load_preset(name, tmp_path)
    assert scenario.name == name
    assert describe_scenarios()[name] == scenario.description


@pytest.mark.parametrize("name", list_scenarios())
def test_preset_says_of_every_value_where_it_comes_from(name: str, tmp_path: Path):
    scenario = load_preset(name, tmp_path)
    values = [
        f"{section}.{field}"
        for section in ("epoch", "node", "radio", "workload")
        for field in type(getattr(scenario, section)).model_fields
        if getattr(scenario, section).model_fields_set >= {field} and field != "cost_model"
    ]
    assert len(values) > 20
    assert set(values) <= scenario.provenance.keys()


@pytest.mark.parametrize(("name", "decoder"), PAPER.items())
def test_paper_presets_have_the_settings_of_the_paper(name: str, decoder: str):
    scenario = load_scenario(name)
    epoch, node, radio, asked = scenario.epoch, scenario.node, scenario.radio, scenario.workload
    assert (node.decoder, node.device, node.modules) == (decoder, "jetson-tx2", 20)
    assert node.memory_bytes_per_module == 32e9
    assert (epoch.epoch_s, epoch.uplink_s, epoch.downlink_s, epoch.compute_window_s) == (2.0, 0.25, 0.25, 1.5)
    assert radio.uplink_bandwidth_hz == radio.downlink_bandwidth_hz == 20e6
    assert (radio.device_power_dbm, radio.node_power_dbm, radio.noise_dbm_per_hz) == (20.0, 43.0, -174.0)
    assert asked.prompt_tokens == asked.output_tokens == (128, 256, 512)
    assert (asked.latency_requirement_s.low, asked.latency_requirement_s.high) == (0.5, 2.0)
    assert (asked.accuracy_requirement.low, asked.accuracy_requirement.high) == (0.0, 1.0)
    assert asked.arrivals.kind == "poisson"


def test_carry_over_lets_requests_wait():
    scenario = load_scenario("carry-over")
    node, asked = scenario.node, scenario.workload
    assert (node.decoder, node.prompt_padding, node.output_length) == ("bloom-3b", "none", "per_request")
    assert (asked.latency_requirement_s.low, asked.latency_requirement_s.high) == (2.0, 6.0)
    assert asked.arrivals.rate_per_s == 5.0
    assert scenario.quantization.compute_factor == 1.0


def test_bursts_have_the_mean_rate_of_carry_over_and_let_requests_wait_longer():
    bursty, carry_over = load_scenario("bursty"), load_scenario("carry-over")
    arrivals, asked = bursty.workload.arrivals, bursty.workload
    # (12·2 + 4·14) / (12 + 4) = 80/16
    assert arrivals.mean_rate_per_s == carry_over.workload.arrivals.mean_rate_per_s == 5.0
    assert max(arrivals.rates_per_s) == 14.0
    assert (asked.latency_requirement_s.low, asked.latency_requirement_s.high) == (2.0, 10.0)
    assert bursty.node == carry_over.node


@pytest.mark.parametrize("name", list_scenarios())
def test_reward_is_one_per_request_served(name: str, tmp_path: Path):
    reward = load_preset(name, tmp_path).reward
    assert reward.model_dump() == {"served": 1.0, "tokens": 0.0, "energy": 0.0, "expired": 0.0}


def test_node_pools_its_modules():
    scenario = load_scenario("paper-bloom-3b")
    # 20 modules of 32 GB; 20 · 1.33 TFLOP/s take 0.8 · FLOPs / 26.6e12 s at w8a16
    assert scenario.memory_limit_bytes == 640e9
    flops_of_one_prompt_token = 30 * (8 * 2560**2 + 4 * 2560 * 10240 + 4 * 2560)
    assert scenario.batch_cost.compute_s.marginal(1, 1) == pytest.approx(0.8 * flops_of_one_prompt_token / 26.6e12)


def test_scenario_is_exported_where_the_design_says():
    assert isinstance(load_scenario("carry-over"), Scenario)
