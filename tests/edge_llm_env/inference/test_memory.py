from __future__ import annotations

import pytest

from edge_llm_env.inference.catalog import load_decoder, load_device, load_engine, load_precision
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.factors.fitted import fitted_effects, memory_bytes
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.memory import MEMORY_TERMS, activation_bytes_per_token, memory_terms

LLAMA = load_decoder("llama-3.1-8b")
FP16 = load_precision("w16a16")


def held(decoder: str, precision: str, engine: Engine, batch: int, prompt: int, output: int) -> float:
    case = Case(load_decoder(decoder), load_precision(precision), load_device("a100-80gb-sxm"), engine)
    return memory_bytes(case, fitted_effects()).of_equals(batch, prompt, output)


def test_activations_of_llama_3_1_8b_are_90112_bytes_per_token():
    # 2·(2·14336 + 4·4096)
    assert activation_bytes_per_token(LLAMA) == 90_112
    mixtral = load_decoder("mixtral-8x7b")
    assert activation_bytes_per_token(mixtral) == 2 * (2 * 2 * 14_336 + 4 * 4096)


def test_terms_of_memory_by_hand():
    terms = memory_terms(LLAMA, FP16, Engine(score_bytes=10), modules=2)
    assert set(terms) == set(MEMORY_TERMS) - {"held_workspace"}
    sizes = {term: cost.of_equals(3, 100, 20) for term, cost in terms.items()}
    assert sizes == {
        "held_weights": 16_059_990_016,
        "held_cache": 3 * 120 * 131_072,
        "held_activations": 3 * 100 * 90_112,
        "held_scores": 3 * 10 * 32 * 100**2,
        "held_runtime": 2e9,
    }
    chunked = memory_terms(LLAMA, FP16, Engine(prefill_chunk_tokens=512), modules=2)
    assert chunked["held_activations"].of_equals(3, 100, 20) == 512 * 90_112
    assert "held_scores" not in chunked


def test_a_process_holds_a_copied_cache_twice_and_the_runtime_where_workspaces_alone_are_allocated():
    copying = load_engine("transformers")
    held, allocated = (memory_terms(LLAMA, FP16, copying, allocated=one) for one in (False, True))
    assert set(held) ^ set(allocated) == {"held_runtime", "held_workspace"}
    assert held["held_cache"].of_equals(3, 100, 20) == 2 * allocated["held_cache"].of_equals(3, 100, 20)
    assert held["held_weights"] == allocated["held_weights"]


def test_scores_of_autoawq_are_what_its_memory_grows_by():
    # casper-hansen/AutoAWQ: Mistral-7B, 8 prompts of 2,048 tokens: 16.82 GiB; scores of 32 heads in 10 bytes are 10.7e9
    scores = memory_terms(load_decoder("mistral-7b"), FP16, load_engine("autoawq-gemm"))["held_scores"]
    assert scores.of_equals(8, 2048, 0) == 8 * 10 * 32 * 2048**2
    assert held("mistral-7b", "w4a16-awq", load_engine("autoawq-gemm"), 8, 2048, 0) == pytest.approx(
        16.82 * 2**30, rel=0.08
    )


def test_29000_tokens_in_one_pass_and_in_chunks():
    # vllm-project/vllm issue 10517: Llama-3.1-8B at FP16, 29 000 tokens: 23.48e9 bytes
    whole = held("llama-3.1-8b", "w16a16", Engine(), 1, 29_000, 1)
    assert whole == pytest.approx(23.48e9, rel=0.08)
    chunked = held("llama-3.1-8b", "w16a16", Engine(prefill_chunk_tokens=2048), 1, 29_000, 1)
    assert whole - chunked == pytest.approx((29_000 - 2048) * 90_112, rel=0.3)


def test_llama_7b_with_60_sequences_of_2176_tokens_fits_an_a100_of_80_gb():
    # NVIDIA/TensorRT-LLM: docs/source/performance.md runs it; the card has 79.15 GiB
    sequences = held("llama-7b", "w16a16", load_engine("tensorrt-llm"), 60, 128, 2048)
    assert 80e9 < sequences < load_device("a100-80gb-sxm").memory_bytes
