from __future__ import annotations

import pytest

from edge_llm_env.inference.catalog import load_decoder, load_precision, table
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.work import (
    attention_flops,
    attention_weights,
    cached_tokens,
    counted_tokens,
    kv_bytes,
    kv_bytes_per_token,
    kv_cache_bytes,
    layer_weights,
    parameters,
    read_bytes,
    weight_bytes,
)

FP16, AWQ = load_precision("w16a16"), load_precision("w4a16-awq")
LLAMA = load_decoder("llama-3.1-8b")
TINY = DecoderConfig(
    layers=2, d_model=8, d_ff=16, heads=4, kv_heads=2, head_dim=2, vocabulary=10, gated_ffn=True, tied_embeddings=False
)
"""Attention 8·2·(2·4 + 2·2) = 192 and FFN 3·8·16 = 384 weights per layer, 80 in the output head."""

PUBLISHED_PARAMETERS = {
    "bloom-3b": 3.00e9, "bloom-7b1": 7.07e9, "opt-6.7b": 6.66e9, "opt-13b": 12.85e9, "llama-2-7b": 6.74e9,
    "llama-2-13b": 13.02e9, "llama-3-8b": 8.03e9, "llama-3.1-8b": 8.03e9, "llama-3.2-1b": 1.24e9,
    "llama-3.2-3b": 3.21e9, "qwen2.5-0.5b": 0.49e9, "qwen2.5-1.5b": 1.54e9, "qwen2.5-3b": 3.09e9,
    "qwen2.5-7b": 7.61e9, "qwen3-0.6b": 0.596e9, "qwen3-1.7b": 1.72e9, "qwen3-4b": 4.02e9, "qwen3-8b": 8.19e9,
    "qwen3-30b-a3b": 30.5e9, "phi-2": 2.78e9, "phi-3-mini": 3.82e9, "gemma-2-2b": 2.61e9, "mistral-7b": 7.24e9,
    "mixtral-8x7b": 46.7e9, "tinyllama-1.1b": 1.10e9, "llama-7b": 6.74e9, "llama-3.3-70b": 70.55e9,
    "codellama-34b": 33.74e9, "qwen3-32b": 32.8e9, "phi-3.5-mini": 3.82e9, "gemma-2-9b": 9.24e9,
    "smollm2-1.7b": 1.71e9, "falcon-7b": 6.92e9, "mpt-7b": 6.65e9, "llama-13b": 13.02e9, "llama-30b": 32.53e9,
    "llama-2-70b": 68.98e9, "gpt-j-6b": 6.05e9, "qwen-1.8b": 1.84e9, "qwen-7b": 7.72e9, "qwen-14b": 14.2e9,
    "qwen2.5-14b": 14.77e9, "qwen2.5-32b": 32.8e9, "deepseek-coder-33b": 33.3e9, "ministral-3-3b": 3.43e9,
}  # fmt: skip
"""Of the model cards; the catalogue's sizes must add up to them."""


@pytest.mark.parametrize("name", table("decoders"))
def test_the_sizes_of_a_decoder_add_up_to_its_published_parameters(name: str):
    assert parameters(load_decoder(name)) == pytest.approx(PUBLISHED_PARAMETERS[name], rel=0.01)


def test_active_parameters_of_the_mixtures_are_as_published():
    # model cards: 12.9e9 of Mixtral-8x7B and 3.3e9 of Qwen3-30B-A3B act on a token, embeddings included
    for name, published in (("mixtral-8x7b", 12.9e9), ("qwen3-30b-a3b", 3.3e9)):
        decoder = load_decoder(name)
        dense = decoder.model_copy(update={"experts": decoder.experts_per_token})
        assert parameters(dense) == pytest.approx(published, rel=0.02)


def test_opt_13b_is_5120_wide():
    assert load_decoder("opt-13b").d_model == 40 * 128 == 5120


def test_weights_of_llama_3_1_8b_by_hand():
    # per layer: 4096·128·(2·32 + 2·8) = 41 943 040 and 3·4096·14 336 = 176 160 768, together 218 103 808
    assert layer_weights(LLAMA, 1) == 218_103_808
    # 32 layers: 6 979 321 856; embeddings and head 128 256·4096 = 525 336 576 each
    assert parameters(LLAMA) == 6_979_321_856 + 2 * 525_336_576 == 8_029_995_008
    assert weight_bytes(LLAMA, FP16) == 2 * 8_029_995_008 == 16_059_990_016


def test_four_bit_weights_carry_their_scales_and_a_16_bit_head():
    # 4 + 32/128 = 4.25 bits: 6 979 321 856 · 4.25/8 = 3 707 764 736; two tables of 525 336 576 · 2 bytes
    assert weight_bytes(LLAMA, AWQ) == 3_707_764_736 + 2 * 1_050_673_152
    # a pass reads the output head, but of the embeddings only single rows
    assert read_bytes(LLAMA, AWQ, 1) == 3_707_764_736 + 1_050_673_152


def test_tied_embeddings_are_stored_once_and_read_as_the_head():
    llama = load_decoder("llama-3.2-1b")
    untied = llama.model_copy(update={"tied_embeddings": False})
    table_bytes = 128_256 * 2048 * 2
    assert weight_bytes(untied, FP16) - weight_bytes(llama, FP16) == table_bytes
    assert read_bytes(untied, FP16, 1) == read_bytes(llama, FP16, 1) == weight_bytes(llama, FP16)


def test_kv_cache_of_llama_3_1_8b_is_131072_bytes_per_token():
    # 2 · 32 layers · 8 KV heads · 128 · 2 bytes; its 32 attention heads would make four times as many
    assert kv_bytes_per_token(LLAMA, FP16) == 131_072
    assert kv_bytes_per_token(LLAMA.model_copy(update={"kv_heads": 32}), FP16) == 4 * 131_072


def test_kv_cache_of_8_bits_is_half_as_large():
    assert kv_bytes_per_token(LLAMA, FP16.model_copy(update={"kv_bits": 8.0})) == 65_536


def test_attention_over_latents_by_hand():
    # DeepSeek-V2 in small: queries 8 -> 6 -> 4·3, latent 8 -> (5 + 1), 5 -> 4·(2 + 4) and 4·4 -> 8
    latent = TINY.model_copy(
        update={"head_dim": 3, "value_head_dim": 4, "latent_query": 6, "latent_kv": 5, "latent_key_dim": 1}
    )
    assert attention_weights(latent) == (8 * 6 + 6 * 12) + (8 * 6 + 5 * 24) + 16 * 8
    # the cache holds latents and shared keys, whatever the heads: 2 layers · 6 entries · 2 bytes
    assert kv_bytes_per_token(latent, FP16) == 24
    assert attention_flops(latent, decode=False) == 2 * 4 * (3 + 4)
    assert attention_flops(latent, decode=True) == 2 * 4 * (6 + 5)


def test_values_of_another_width_than_keys_by_hand():
    wide = TINY.model_copy(update={"value_head_dim": 5})
    assert attention_weights(wide) == 8 * (4 * 2 + 2 * 2 + 2 * 5) + 4 * 5 * 8
    assert kv_bytes_per_token(wide, FP16) == 2 * 2 * (2 + 5) * 2


def test_dense_layers_shared_experts_positions_and_the_rest_by_hand():
    mixture = TINY.model_copy(
        update={"experts": 6, "experts_per_token": 2, "shared_d_ff": 4, "dense_layers": 1, "dense_d_ff": 20}
        | {"positions": 7, "other_weights": 11}
    )
    dense, experts, shared = 3 * 8 * 20, 3 * 8 * 16, 3 * 8 * 4
    assert 2 * layer_weights(mixture, 2) == 2 * 192 + dense + 2 * experts + shared
    total = 2 * 192 + dense + 6 * experts + shared
    assert parameters(mixture) == total + (2 * 10 + 7) * 8 + 11
    assert weight_bytes(mixture, FP16) == 2 * parameters(mixture)
    # a step reads the output head and what is neither matrix nor table, but of the tables only single rows
    assert read_bytes(mixture, FP16, 2) == 2 * (2 * 192 + dense + 2 * experts + shared + 80 + 11)


def test_a_full_window_caps_the_cache_of_its_layers():
    windowed = TINY.model_copy(update={"window": 100, "window_layers": 2})
    half = windowed.model_copy(update={"window_layers": 1})
    assert kv_bytes(windowed, FP16, 40) == kv_bytes(TINY, FP16, 40) == 40 * 32
    assert kv_bytes(windowed, FP16, 1000) == 100 * 32
    assert kv_bytes(half, FP16, 1000) == 100 * 16 + 1000 * 16


@pytest.mark.parametrize("window_layers", [1, 2])
@pytest.mark.parametrize(("shortest", "longest"), [(10, 100), (100, 400), (150, 400), (40, 400), (99, 101)])
def test_costs_count_a_window_never_too_short_and_exactly_where_they_can(
    window_layers: int, shortest: int, longest: int
):
    decoder = TINY.model_copy(update={"window": 100, "window_layers": window_layers})
    counted = decoder.at_contexts(shortest, longest)
    excess = [
        counted_tokens(counted, tokens) - cached_tokens(decoder, tokens) for tokens in range(shortest, longest + 1)
    ]
    assert min(excess) >= -1e-9
    if longest <= 100 or shortest >= 100:
        assert max(excess) == pytest.approx(0, abs=1e-9)
    else:  # as far off at the shortest as at the longest
        assert max(excess) == pytest.approx(
            window_layers / 2 * (100 - shortest) * (longest - 100) / (longest - shortest), rel=1e-9
        )
        assert max(excess) == pytest.approx(excess[0], rel=1e-9) == pytest.approx(excess[-1], rel=1e-9)
    for prompt, output in ((shortest, longest - shortest), (shortest, 1)):
        kept = counted_tokens(counted, prompt + output) * kv_bytes_per_token(decoder, FP16)
        assert kv_cache_bytes(counted, FP16)(prompt, output) == pytest.approx(kept)
