from __future__ import annotations

import pytest

from edge_llm_env.inference.catalog import load_decoder, load_quantization
from edge_llm_env.inference.cost_models.paper import (
    decode_flops,
    kv_cache_bytes,
    paper_batch_cost,
    prefill_flops,
    weight_bytes,
)
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.quantization import Quantization

L, D, F = 2, 4, 16
"""A decoder so small that its costs are worked out by hand."""
TINY = DecoderConfig(layers=L, d_model=D, d_ff=F, heads=2, kv_heads=2, head_dim=2, vocabulary=10)
HALVED = Quantization(weight_bits=8, memory_factor=0.5, compute_factor=0.8, perplexity_increase=0.0)


def test_prefill_of_three_tokens_by_hand():
    # per layer: 8sd² = 8·3·16 = 384, 4sdf = 4·3·4·16 = 768, 4s²d = 4·9·4 = 144, together 1296; two layers
    assert prefill_flops(TINY)(3, 0) == 2 * 1296


def test_decode_of_three_tokens_by_hand():
    # k = 1: 8d² + 4df + 4(s+1)d = 128 + 256 + 4·4·4 = 448; k = 2: 128 + 256 + 4·5·4 = 464; two layers
    assert decode_flops(TINY)(3, 3) == 2 * (448 + 464)


def test_prefill_makes_the_first_token_so_one_token_needs_no_decoding():
    assert decode_flops(TINY)(100, 1) == 0


@pytest.mark.parametrize("decoder", ["bloom-3b", "bloom-7b1", "opt-13b"])
@pytest.mark.parametrize(("s", "n"), [(1, 2), (128, 512), (512, 128), (300, 301)])
def test_decode_closed_form_is_the_sum_over_steps(decoder: str, s: int, n: int):
    config = load_decoder(decoder)
    layers, d, f = config.layers, config.d_model, config.d_ff
    step_by_step = sum(layers * (8 * d**2 + 4 * d * f + 4 * (s + k) * d) for k in range(1, n))
    assert decode_flops(config)(s, n) == pytest.approx(step_by_step, rel=1e-12)


def test_prefill_of_bloom_3b_by_hand():
    # L = 30, d = 2560, f = 10240, s = 128:
    #   8sd² = 8·128·6 553 600 = 6 710 886 400
    #   4sdf = 4·128·26 214 400 = 13 421 772 800
    #   4s²d = 4·16 384·2560 = 167 772 160
    expected = 30 * (6_710_886_400 + 13_421_772_800 + 167_772_160)
    assert prefill_flops(load_decoder("bloom-3b"))(128, 0) == expected == 609_012_940_800


def test_weights_by_hand():
    # 16-bit: 2·L·(4d² + 2df) = 2·2·(64 + 128) = 768 bytes; α = 0.5
    assert weight_bytes(TINY, HALVED) == 0.5 * 768


def test_weights_of_bloom_3b_are_two_bytes_for_each_parameter_of_its_layers():
    # 4d² + 2df = 4·6 553 600 + 2·26 214 400 = 78 643 200 parameters per layer, 30 layers, 2 bytes
    bloom = load_decoder("bloom-3b")
    assert weight_bytes(bloom, load_quantization("bloom-3b", "w16a16")) == 78_643_200 * 30 * 2 == 4_718_592_000
    assert weight_bytes(bloom, load_quantization("bloom-3b", "w4a16-gptq")) == 4_718_592_000 / 4


def test_kv_cache_by_hand():
    # 4·L·d = 32 bytes per token, 3 + 5 tokens
    assert kv_cache_bytes(TINY)(3, 5) == 32 * 8


def test_kv_cache_is_two_vectors_of_two_bytes_per_layer_and_token():
    bloom = load_decoder("bloom-3b")
    vectors, bytes_per_entry = 2, 2
    assert kv_cache_bytes(bloom)(1, 0) == vectors * bytes_per_entry * bloom.layers * bloom.d_model == 307_200


def test_compute_time_is_beta_times_flops_over_capacity():
    cost = paper_batch_cost(TINY, HALVED, flops_per_s=1000.0, power_w=7.0)
    # prefill 2592 and decode 1824 FLOPs as above
    assert cost.compute_s.marginal(3, 3) == pytest.approx(0.8 * (2592 + 1824) / 1000.0, rel=1e-12)


def test_compute_time_has_no_cost_per_batch():
    assert set(paper_batch_cost(TINY, HALVED, flops_per_s=1.0, power_w=1.0).compute_s.base) == {0.0}


def test_memory_counts_the_weights_once_and_the_cache_per_request():
    cost = paper_batch_cost(TINY, HALVED, flops_per_s=1.0, power_w=1.0)
    assert cost.memory_bytes.base(3, 5) == 384
    assert cost.memory_bytes.marginal(3, 5) == 256


def test_energy_is_power_for_as_long_as_the_node_computes():
    cost = paper_batch_cost(TINY, HALVED, flops_per_s=1000.0, power_w=7.0)
    assert cost.energy_j.marginal(3, 3) == pytest.approx(7.0 * cost.compute_s.marginal(3, 3), rel=1e-12)
    assert cost.energy_j.base(3, 3) == 0.0
