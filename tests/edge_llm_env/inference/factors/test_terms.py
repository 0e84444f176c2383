from __future__ import annotations

import pytest

from edge_llm_env.inference.catalog import load_decoder, load_engine, load_precision
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.factors.fitted import fitted_effects, iteration_s
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.factors.terms import (
    TERMS,
    attention_flops_per_s,
    attention_products,
    cache_passes,
    flops_per_s,
    kv_traffic,
    linear_flops,
    score_traffic,
    unit_terms,
    weight_traffic,
)
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.inference.validation.measurements import published_measurements
from edge_llm_env.inference.work import kv_bytes_per_token, read_bytes

FP16, AWQ, W8A8 = load_precision("w16a16"), load_precision("w4a16-awq"), load_precision("w8a8-bnb-int8")
TINY = DecoderConfig(
    layers=2, d_model=8, d_ff=16, heads=4, kv_heads=2, head_dim=2, vocabulary=10, gated_ffn=True, tied_embeddings=False
)
"""576 weights per layer, of which an expert's are 384, and 80 in the head."""
MIXTURE = TINY.model_copy(update={"experts": 8, "experts_per_token": 2})
DEVICE = Device(
    fp16_flops_per_s=1e6, fp16_accumulation_flops_per_s=2e6, int8_ops_per_s=3e6, memory_bytes=1e6,
    memory_bandwidth_bytes_per_s=1e5, power_w=10.0,
)  # fmt: skip


def test_work_of_a_pass_by_hand():
    assert weight_traffic(TINY, FP16, 9) == IterationCost(decode_pass=2464, prefill_pass=2464)
    assert kv_traffic(TINY, FP16) == IterationCost(decode_context=32, prefill_token=32)
    assert linear_flops(TINY) == IterationCost(decode_sequence=2464, prefill_token=2304, prefill_sequence=160)
    assert attention_products(TINY) == IterationCost(decode_context=64, prefill_pair=64)


def test_a_mixture_reads_more_experts_the_more_sequences_decode_and_all_in_prefill():
    traffic = weight_traffic(MIXTURE, FP16, 2)
    # of two tokens 3.5 experts of 2 layers of 384 weights, 2 bytes each
    assert traffic.decode_sequence == pytest.approx(1.5 * 2 * 384 * 2)
    assert traffic.decode_pass + traffic.decode_sequence == pytest.approx(read_bytes(MIXTURE, FP16, 2))
    assert traffic.prefill_pass == read_bytes(MIXTURE, FP16, 8)
    assert linear_flops(MIXTURE).prefill_token == 2 * 2 * (192 + 2 * 384)


def test_work_within_full_windows_counts_the_window():
    windowed = TINY.model_copy(update={"window": 10, "window_layers": 1}).at_contexts(10, 60)
    # at every context from 10 tokens on, one layer has all of them and one has 10
    cache, products = kv_traffic(windowed, FP16), attention_products(windowed)
    for context in (10, 40, 60):
        kept = (context + 10) / 2
        one = cache.of_pass(contexts=[context])
        assert one == pytest.approx(kept * kv_bytes_per_token(TINY, FP16))
        assert products.of_pass(contexts=[context]) == pytest.approx(64 * kept)


@pytest.mark.parametrize(
    ("engine", "precision", "peak"),
    [
        ({}, FP16, 1e6),
        ({"fp16_accumulation": True}, FP16, 2e6),
        ({"int8_products": True}, FP16, 1e6),
        ({"int8_products": True}, AWQ, 1.5e6),
        ({}, AWQ, 1e6),
        ({}, W8A8, 3e6),
    ],
)
def test_the_peak_is_that_of_how_an_engine_multiplies(engine: dict, precision, peak: float):
    assert flops_per_s(DEVICE, Engine(**engine), precision) == peak


def test_a_device_without_faster_products_multiplies_at_its_fp16_peak():
    plain = DEVICE.model_copy(update={"fp16_accumulation_flops_per_s": None, "int8_ops_per_s": None})
    engine = Engine(fp16_accumulation=True, int8_products=True)
    assert flops_per_s(plain, engine, AWQ) == flops_per_s(plain, engine, FP16) == 1e6
    assert flops_per_s(plain, engine, W8A8) == 2e6


def test_units_are_seconds_at_the_peaks_of_all_modules_and_launches():
    terms = unit_terms(TINY, FP16, DEVICE, Engine(operations_per_layer=7), modules=2)
    assert terms["weights"] == IterationCost(decode_pass=pytest.approx(2464 / 2e5))
    assert terms["prefill_weights"] == IterationCost(prefill_pass=pytest.approx(2464 / 2e5))
    assert terms["compute"].decode_sequence == pytest.approx(2464 / 2e6)
    assert terms["prefill_fill"] == IterationCost(prefill_pass=pytest.approx(2304 / 2e6))
    assert terms["launches"] == IterationCost(decode_pass=14)
    assert terms["prefill_launches"] == IterationCost(prefill_pass=14)
    assert terms["sequences"] == IterationCost(decode_sequence=1, prefill_sequence=1)
    assert set(terms) == set(TERMS) - {"prefill_gemv", "prefill_scores"}


def test_a_cache_that_is_copied_passes_through_memory_thrice_and_a_repeated_one_more_often():
    copying, alike = Engine(copies_cache=True), TINY.model_copy(update={"kv_heads": 4})
    # copied (read, written) and read by attention; of 4 heads for 2: read to repeat it, 2 written, 2 read by attention
    assert cache_passes(alike, copying) == 3
    assert cache_passes(TINY, copying) == 2 + 1 + 2 + 2
    assert cache_passes(TINY, Engine()) == cache_passes(alike, Engine()) == 1
    once, often = (unit_terms(TINY, FP16, DEVICE, engine)["kv_cache"] for engine in (Engine(), copying))
    assert often == once.scaled(7)


def test_decode_of_qwen2_5_7b_with_long_contexts_under_transformers_takes_what_was_measured():
    # QwenLM/Qwen2.5: speed_benchmark.rst: 2,048 tokens after 14,336 and 30,720 on an A100; 28 heads share 4: 17 passes
    qwen, engine = load_decoder("qwen2.5-7b"), load_engine("transformers")
    assert cache_passes(qwen, engine) == 3 + 2 * 7
    for one in published_measurements():
        case = one.decoder, one.precision, one.engine, one.metric
        if case == ("qwen2.5-7b", "w16a16", "transformers", "throughput"):
            lengths = one.batch, one.prompt_tokens, one.output_tokens
            predicted_s = iteration_s(Case(*one.parts), fitted_effects()).of_batch().of_equals(*lengths)
            assert predicted_s == pytest.approx(one.value, rel=0.16), one


def test_attention_multiplies_in_16_bits_whatever_the_weights():
    engine = Engine(int8_products=True, fp16_accumulation=True)
    assert flops_per_s(DEVICE, engine, AWQ) == 1.5e6
    assert attention_flops_per_s(DEVICE, engine) == 2e6
    terms = unit_terms(TINY, AWQ, DEVICE, engine)
    assert terms["prefill_attention"].prefill_pair == pytest.approx(64 / 2e6)
    assert terms["compute"].decode_context == pytest.approx(64 / 2e6)


def test_scores_are_written_and_read_for_whole_squares_of_prompts():
    traffic = score_traffic(TINY, Engine(score_bytes=10))
    # of 3 tokens: 9 scores of 4 heads in 2 layers, 10 bytes each, both ways
    assert traffic.of_batch().of_equals(1, 3, 1) == 2 * 9 * 4 * 2 * 10
    terms = unit_terms(TINY, FP16, DEVICE, Engine(score_bytes=10), modules=2)
    assert terms["prefill_scores"] == traffic.scaled(1 / 2e5)


@pytest.mark.parametrize("decoder", [TINY, MIXTURE])
def test_token_wise_products_read_what_one_token_needs_for_every_token_of_a_prompt(decoder: DecoderConfig):
    engine = Engine(gemv_prefill=True)
    terms = unit_terms(decoder, AWQ, DEVICE, engine, largest_batch=8)
    read = read_bytes(decoder, AWQ, decoder.experts_per_token)
    assert terms["prefill_gemv"] == IterationCost(prefill_token=pytest.approx(read / 1e5))
    assert terms["prefill_compute"] == terms["prefill_fill"] == IterationCost()
    assert "prefill_gemv" not in unit_terms(decoder, FP16, DEVICE, engine)
