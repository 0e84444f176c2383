from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from scipy.special import j0

from edge_llm_env import Scenario, ScenarioError, draw_workload, list_scenarios, load_scenario
from edge_llm_env.inference.work import read_bytes
from edge_llm_env.scenarios import describe_scenarios
from tests.support.helpers import load_preset

PAPER = {"paper-bloom-3b": "bloom-3b", "paper-bloom-7b1": "bloom-7b1", "paper-opt-13b": "opt-13b"}

SECTIONS = ("epoch", "node", "radio", "workload", "iterations", "rack", "network")


def test_presets_are_listed_in_order():
    last = ["pi-cluster", "placement", "quantization-choice", "service-levels", "shared-edge", "shifting-tiers"]
    last += ["specialists", "specialists-compute"]
    last += ["speculative-4090", "tp-mppo", "two-cells"]
    ours = ["accuracy-tiers", "agents-chain", "agents-chain-continuous", "agents-plan", "agents-signals", "agents-team"]
    ours += ["azure-continuous", "azure-continuous-calm", "azure-continuous-overload"]
    ours += ["azure-conversation", "bursty", "carry-over", "chat-4090", "chat-4090-calm", "chat-4090-overload"]
    ours += ["chat-4090-unknown"]
    ours += ["chat-orin", "chat-orin-calm", "chat-orin-overload", "diurnal-rack", "edge-cloud"]
    ours += ["embedding-uplink", "embedding-uplink-carried", "feeder-rack", "feeder-rack-b", "feeder-rack-c"]
    ours += ["grouped-rack", "hotspot", "llava-4090"]
    ours += ["long-context", "long-context-calm", "long-context-overload"]
    ours += ["mobile-uplink", "nr-cell", "offload-laptop"]
    assert list_scenarios() == [*ours, "orin-llama-8b", *PAPER, *last]


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
        for section in SECTIONS
        if getattr(scenario, section) is not None
        for field in type(getattr(scenario, section)).model_fields
        if getattr(scenario, section).model_fields_set >= {field} and field != "cost_model"
    ]
    assert len(values) > 20
    assert set(values) <= scenario.provenance.keys()


@pytest.mark.parametrize("name", [name for name in list_scenarios() if name not in PAPER])
def test_preset_says_itself_where_the_values_come_from_that_it_changes(name: str):
    """The provenance of the preset that it extends would be of another value."""
    text = files("edge_llm_env.scenarios").joinpath("presets", f"{name}.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    changed = {
        f"{section}.{field}" for section in SECTIONS for field in content.get(section, {}) if field != "cost_model"
    }
    changed |= {f"reward.{field}" for field in content.get("reward", {}) if field != "served"}
    assert content["provenance"].keys() == changed


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


def test_orin_reads_weights_for_most_of_a_decode_step():
    scenario = load_scenario("orin-llama-8b")
    decoder, precision = scenario.decoder, scenario.quantization
    # 32 layers of 4096·128·(2·32 + 2·8) + 3·4096·14336 weights at 4 + 32/128 bits, and a head of 128256·4096 at 16
    layers = 32 * (4096 * 128 * 80 + 3 * 4096 * 14336)
    assert read_bytes(decoder, precision, 1) == pytest.approx(layers * 4.25 / 8 + 128256 * 4096 * 2)
    reading_s = read_bytes(decoder, precision, 1) / 204.8e9
    cost = scenario.batch_cost.compute_s
    step_s = cost.of_equals(1, 512, 257) - cost.of_equals(1, 512, 256)
    assert 0.5 * step_s < reading_s < step_s
    # one more request adds a small part of a step: six cost less than twice what one does
    added = cost.marginal(512, 257) - cost.marginal(512, 256)
    assert 0 < 5 * added < step_s


def test_orin_can_serve_the_accuracy_that_everybody_asks_for():
    scenario = load_scenario("orin-llama-8b")
    assert scenario.quantization.accuracy == pytest.approx(1 / 1.5)
    assert scenario.workload.accuracy_requirement.high <= scenario.quantization.accuracy


def test_azure_conversation_leaves_the_trace_to_its_user(tmp_path: Path):
    with pytest.raises(ScenarioError) as caught:
        load_scenario("azure-conversation")
    assert str(caught.value) == (
        "scenario azure-conversation: workload.arrivals.path: is required, as in load_scenario(NAME, "
        '**{"workload.arrivals.path": FILE}); azure traces are public at https://github.com/Azure/AzurePublicDataset'
    )
    scenario = load_preset("azure-conversation", tmp_path)
    drawn = draw_workload(scenario, np.random.default_rng(0))
    # one request per second, times stretched by 4, for 51 epochs of 10 s
    assert drawn.requests == pytest.approx(510 / 4, abs=1)
    assert scenario.workload.longest_prompt_tokens + scenario.workload.longest_output_tokens <= 4096


def test_embedding_uplink_sends_embeddings_of_its_decoder():
    scenario = load_scenario("embedding-uplink")
    assert scenario.radio.uplink_bits_per_token == 16 * scenario.decoder.d_model == 40960
    # Clarke's correlation over an epoch, J0(2π·f·T_E) with the Doppler f = v·f_c/c
    doppler_hz = scenario.radio.fading.user_speed_m_per_s * scenario.radio.carrier_frequency_hz / 299_792_458
    assert j0(2 * np.pi * doppler_hz * scenario.epoch.epoch_s) == pytest.approx(0.64, abs=0.005)


def test_the_cell_of_new_radio_has_the_blocks_and_the_numbers_of_the_standard():
    scenario = load_scenario("nr-cell")
    radio, epoch = scenario.radio, scenario.epoch
    assert radio.resource_blocks is not None
    assert (radio.rate_model.kind, radio.resource_blocks.subcarrier_spacing_khz) == ("cqi", 30)
    for band in (radio.uplink_band(epoch.uplink_s), radio.downlink_band(epoch.downlink_s)):
        assert (band.units, band.occupied_hz) == (51, 18.36e6)
    assert radio.uplink_bits_per_token == 16 * scenario.decoder.d_model / 10
    assert radio.noise_dbm_per_hz == -174 + 5
    doppler_hz = radio.fading.user_speed_m_per_s * radio.carrier_frequency_hz / 299_792_458
    assert j0(2 * np.pi * doppler_hz * epoch.epoch_s) == pytest.approx(0.53, abs=0.005)


def test_accuracy_tiers_are_perplexities_against_the_best_decoder():
    scenario = load_scenario("accuracy-tiers")
    # GPTQ's tables for WikiText2: BLOOM-3B 13.48, BLOOM-7.1B 11.37, OPT-13B 10.13 at 16 bits and 10.31 at 4
    increases = {"bloom-3b": 13.48 - 10.13, "bloom-7b1": 11.37 - 10.13, "opt-13b": 10.31 - 10.13}
    offered = {variant.decoder: variant.accuracies[0] for variant in scenario.variants}
    assert offered == pytest.approx({decoder: 1 / (1 + increase) for decoder, increase in increases.items()})
    assert scenario.quantization.accuracy == max(offered.values()) > scenario.workload.accuracy_requirement.high
    assert all(variant.load_s < scenario.epoch.epoch_s for variant in scenario.variants)


def test_quantization_choice_trades_accuracy_for_time():
    scenario = load_scenario("quantization-choice")
    assert {variant.decoder for variant in scenario.variants} == {scenario.node.decoder} == {"bloom-7b1"}
    assert [variant.precision for variant in scenario.variants] == ["w4a16-gptq", "w8a16", "w16a16"]
    assert [variant.accuracies[0] for variant in scenario.variants] == pytest.approx([1 / 1.36, 1 / 1.1, 1.0])
    assert scenario.quantization.accuracy == 1.0


@pytest.mark.parametrize("name", list_scenarios())
def test_reward_is_one_per_request_served_less_energy_where_modules_are_switched(name: str, tmp_path: Path):
    scenario = load_preset(name, tmp_path)
    reward = scenario.reward.model_dump()
    assert (reward.pop("energy") < 0) == (scenario.rack.idle_power_w > 0)
    of_tasks = {name: reward.pop(name) for name in ("task_completed", "task_failed")}
    assert of_tasks == {"task_completed": 1.0, "task_failed": -1.0 if name == "agents-signals" else 0.0}
    if scenario.workload.tasks is None:
        assert reward == {"served": 1.0, "tokens": 0.0, "expired": 0.0}
    else:
        assert reward == {"served": 0.0, "tokens": 0.0, "expired": 0.0}


def test_node_pools_its_modules():
    scenario = load_scenario("paper-bloom-3b")
    # 20 modules of 32 GB; 20 · 1.33 TFLOP/s take 0.8 · FLOPs / 26.6e12 s at w8a16
    assert scenario.memory_limit_bytes == 640e9
    flops_of_one_prompt_token = 30 * (8 * 2560**2 + 4 * 2560 * 10240 + 4 * 2560)
    assert scenario.batch_cost.compute_s.marginal(1, 1) == pytest.approx(0.8 * flops_of_one_prompt_token / 26.6e12)


def test_scenario_is_exported_where_the_design_says():
    assert isinstance(load_scenario("carry-over"), Scenario)


def test_speculation_pays_on_the_4090_and_less_in_large_batches():
    scenario = load_scenario("speculative-4090")
    plain = load_scenario("speculative-4090", **{"node.speculation": None}).batch_cost.compute_s
    gains = [
        plain.of_equals(batch, 128, 256) / scenario.batch_cost.compute_s.of_equals(batch, 128, 256)
        for batch in (1, 8, 32)
    ]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 1.5


def test_the_laptop_waits_for_its_link_and_holds_a_quarter():
    scenario = load_scenario("offload-laptop")
    cost = scenario.batch_cost
    # 15 GB of weights in a pass, less 4, over 12 GB/s
    step_s = cost.compute_s.base(128, 65) - cost.compute_s.base(128, 64)
    assert step_s == pytest.approx((15.0e9 - 4e9) / 12e9, rel=0.05)
    assert cost.memory_bytes.base.constant < 8e9 < 16e9


def test_a_photo_takes_more_of_every_resource_than_its_text():
    scenario = load_scenario("llava-4090")
    compute_s, memory_bytes, _ = scenario.batch_cost
    image = scenario.image_needs
    assert image.tokens == 576.0
    assert image.upload_bits > 100 * 1024 * scenario.radio.uplink_bits_per_token
    # 2 matrices of 4096 numbers of 2 bytes in each of 32 layers per token: 302 MB
    assert memory_bytes.marginal(704, 64) - memory_bytes.marginal(128, 64) == pytest.approx(576 * 2 * 4096 * 2 * 32)
    assert compute_s.marginal(704, 64) + image.encoding_s > 2.0 * compute_s.marginal(128, 64)
    # a batch of sixteen takes far less than sixteen batches
    assert compute_s.of_equals(16, 704, 256) < 0.2 * 16 * compute_s.of_equals(1, 704, 256)


def test_the_cluster_takes_as_long_as_was_measured():
    cost = load_scenario("pi-cluster").batch_cost.compute_s
    token_s = cost.of_equals(1, 60, 9) - cost.of_equals(1, 60, 8)
    assert token_s == pytest.approx(0.494, rel=0.1)  # distributed-llama, figure 3: 494.0 ms on four boards
