from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env import load_scenario
from edge_llm_env.dynamics.params import node_params, rule_of
from edge_llm_env.feasibility.batch import empty_batch, with_request
from edge_llm_env.feasibility.request import Request
from edge_llm_env.feasibility.rule import compute_time_s, energy_j, memory_bytes
from edge_llm_env.inference.catalog import load_decoder, load_device, load_efficiency, load_precision
from edge_llm_env.inference.cost_models.roofline import roofline_batch_cost
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.efficiency import Efficiency
from tests.references.plain_roofline import RooflineNode
from tests.support.helpers import ROOFLINE

TINY = DecoderConfig(
    layers=2, d_model=8, d_ff=16, heads=4, kv_heads=2, head_dim=2, vocabulary=10, gated_ffn=True, tied_embeddings=False
)
FP16, AWQ = load_precision("w16a16"), load_precision("w4a16-awq")
DEVICE = Device(fp16_flops_per_s=1e6, memory_bytes=1e6, memory_bandwidth_bytes_per_s=1e5, power_w=10.0)
ROUND = Efficiency(
    prefill_compute=0.5, prefill_bandwidth=1.0, prefill_overhead_s=0.2,
    decode_compute=0.25, decode_bandwidth=0.8, step_overhead_s=0.01, sequence_overhead_s=0.001,
    runtime_bytes=5000.0, static_power_share=0.3, memory_power_share=0.5,
)  # fmt: skip
COST = roofline_batch_cost(TINY, FP16, DEVICE, ROUND)


def test_one_token_takes_a_prefill_and_no_decoding():
    # work of three tokens, by hand in test_work: 7360 FLOPs, 2464 + 96 bytes
    expected = 7360 / (0.5 * 1e6) + (2464 + 96) / 1e5 + 0.2 + 0.001
    assert COST.compute_s.of_equals(1, 3, 1) == pytest.approx(expected, rel=1e-12)


def test_three_tokens_take_two_decode_steps_more():
    # 2·2464 + 64·9 = 5504 FLOPs, 2·2464 + 32·9 = 5216 bytes, two steps
    more = 5504 / (0.25 * 1e6) + 5216 / (0.8 * 1e5) + 2 * (0.01 + 0.001)
    assert COST.compute_s.of_equals(1, 3, 3) - COST.compute_s.of_equals(1, 3, 1) == pytest.approx(more, rel=1e-12)


def test_memory_is_weights_and_runtime_once_and_kv_cache_per_request():
    # weights 2·(2·576 + 2·80) = 2624 bytes, runtime 5000, 32 bytes per token
    assert COST.memory_bytes.base(3, 5) == 2624 + 5000
    assert COST.memory_bytes.of_equals(2, 3, 5) == 2624 + 5000 + 2 * 8 * 32


def test_energy_is_static_power_and_energy_per_flop_and_byte():
    # static 3 W; of the other 7 W half for compute at 1e6 FLOP/s, half for memory at 1e5 bytes/s
    seconds, flops, moved = COST.compute_s.of_equals(1, 3, 3), 7360 + 5504, 2464 + 96 + 5216
    expected = 3 * seconds + 3.5e-6 * flops + 3.5e-5 * moved
    assert COST.energy_j.of_equals(1, 3, 3) == pytest.approx(expected, rel=1e-12)
    assert COST.energy_per_token_j(1, 3, 3) == pytest.approx(expected / 3, rel=1e-12)
    assert 3 * seconds < expected < 10 * seconds


def test_a_batch_takes_less_energy_per_token_than_one_request():
    assert COST.energy_per_token_j(8, 3, 3) < 0.5 * COST.energy_per_token_j(1, 3, 3)


def test_pooled_modules_add_up_peaks_and_power_but_not_the_overheads():
    two = roofline_batch_cost(TINY, FP16, DEVICE, ROUND, modules=2)
    overhead_s = 0.2 + 0.001 + 2 * (0.01 + 0.001)
    one_s = COST.compute_s.of_equals(1, 3, 3)
    two_s = two.compute_s.of_equals(1, 3, 3)
    assert two_s - overhead_s == pytest.approx((one_s - overhead_s) / 2, rel=1e-12)
    dynamic_j = COST.energy_j.of_equals(1, 3, 3) - 3 * one_s
    assert two.energy_j.of_equals(1, 3, 3) == pytest.approx(dynamic_j + 6 * two_s, rel=1e-12)
    assert two.memory_bytes.base(1, 1) == 2624 + 2 * 5000


def test_llama_3_1_8b_in_4_bits_on_agx_orin():
    """The time to the first token of 1024 tokens and of a step at context 1024, from the catalogue's parameters."""
    efficiency = load_efficiency()
    cost = roofline_batch_cost(load_decoder("llama-3.1-8b"), AWQ, load_device("jetson-agx-orin-64gb"), efficiency)
    # 2·6 979 321 856·1024 + 2·32·32·128·1024² + 2·525 336 576 FLOPs; 4 758 437 888 bytes and 1024·131 072
    flops = 14_293_651_161_088 + 274_877_906_944 + 1_050_673_152
    prefill_s = (
        flops / (efficiency.prefill_compute * 42.5e12)
        + (4_758_437_888 + 134_217_728) / (efficiency.prefill_bandwidth * 204.8e9)
        + efficiency.prefill_overhead_s
        + efficiency.sequence_overhead_s
    )
    assert cost.compute_s.of_equals(1, 1024, 1) == pytest.approx(prefill_s, rel=1e-12)
    assert prefill_s == pytest.approx(0.60, abs=0.01)
    # 2·6 979 321 856 + 4·32·32·128·1024 + 2·525 336 576 FLOPs at context 1024
    flops = 13_958_643_712 + 536_870_912 + 1_050_673_152
    step_s = (
        flops / (efficiency.decode_compute * 42.5e12)
        + (4_758_437_888 + 134_217_728) / (efficiency.decode_bandwidth * 204.8e9)
        + efficiency.step_overhead_s
        + efficiency.sequence_overhead_s
    )
    one_step = cost.compute_s.of_equals(1, 1023, 2) - cost.compute_s.of_equals(1, 1023, 1)
    assert one_step == pytest.approx(step_s, rel=1e-9)
    assert step_s == pytest.approx(0.031, abs=0.001)


PADDINGS = [(prompts, outputs) for prompts in ("none", "batch_max") for outputs in ("per_request", "batch_max")]


@pytest.mark.parametrize("decoder", ["llama-3.1-8b", "mixtral-8x7b", "qwen3-30b-a3b"])
@pytest.mark.parametrize(("prompt_padding", "output_length"), PADDINGS)
def test_batches_cost_what_their_steps_add_up_to_and_no_request_makes_one_cheaper(
    decoder: str, prompt_padding: str, output_length: str
):
    """Random batches of unequal lengths, through the environments' rule, beside a plain loop over their steps."""
    node = {"decoder": decoder, "prompt_padding": prompt_padding, "output_length": output_length}
    overrides = {f"node.{field}": value for field, value in node.items()} | {"node.perplexity_increase": 0.1}
    scenario = load_scenario("carry-over", **(ROOFLINE | overrides))
    rule, node = rule_of(node_params(scenario)), RooflineNode(scenario)
    rng = np.random.default_rng(0)
    for _ in range(20):
        batch, members = empty_batch(), []
        before = (0.0, memory_bytes(rule, batch), 0.0)
        for s, n in rng.integers(1, 200, (rng.integers(1, 9), 2)):
            batch = with_request(batch, Request(float(s), float(n), 1e9, 0.0, 0.0, 0.0, 0.0))
            members.append((int(s), int(n)))
            after = (compute_time_s(rule, batch), memory_bytes(rule, batch), energy_j(rule, batch))
            assert all(now > then for now, then in zip(after, before, strict=True))
            before = after
        lengths = node.padded(members)
        assert before[0] == pytest.approx(node.steps_s(lengths), rel=1e-9)
        assert before[1] == pytest.approx(node.weight_bytes() + node.kv_bytes_of(lengths), rel=1e-9)
        assert before[2] == pytest.approx(node.steps_j(lengths), rel=1e-9)
