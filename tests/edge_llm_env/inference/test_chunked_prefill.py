"""By how much a batch's cost, with one pass for all prompts, is too short where an engine prefills in chunks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge_llm_env.inference.catalog import load_decoder, load_device, load_engine, load_precision, table
from edge_llm_env.inference.factors.fitted import fitted_effects, iteration_s, with_own
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.iteration import IterationCost

BOARDS = ("rtx-4090", "jetson-agx-orin-64gb", "apple-m2-max", "a100-80gb-sxm")
DECODERS = ("llama-2-7b", "mistral-7b", "llama-3.1-8b", "qwen2.5-7b")
BATCHES, PROMPTS = (1, 2, 8), (128, 512, 2048, 4096)
PREFILL, BATCH = 1, 128
"""Output tokens of a prefill alone, and the fewest of a batch: the more, the smaller the share."""

LARGEST_SHARE = {
    ("vllm", BOARDS, BATCH): 0.06, ("llama.cpp", BOARDS, BATCH): 0.12,
    ("vllm", BOARDS, PREFILL): 0.12, ("llama.cpp", BOARDS, PREFILL): 0.25,
    ("vllm", ("h100-sxm",), BATCH): 0.09, ("llama.cpp", ("h100-sxm",), BATCH): 0.21,
    ("vllm", ("h100-sxm",), PREFILL): 0.22, ("llama.cpp", ("h100-sxm",), PREFILL): 0.46,
}  # fmt: skip
"""What docs/model.md says, by engine, boards and output tokens."""


def cost_of(decoder: str, precision: str, device: str, engine: str, batch: int) -> IterationCost:
    ran_by = load_engine(engine)
    case = Case(load_decoder(decoder), load_precision(precision), load_device(device), ran_by)
    return iteration_s(case, with_own(fitted_effects(), ran_by), largest_batch=batch)


def passes(batch: int, prompt_tokens: int, chunk: int) -> Iterator[list[tuple[int, int, bool]]]:
    """Passes of at most `chunk` tokens, prompt after prompt."""
    left, of_pass = chunk, []
    for _ in range(batch):
        done = 0
        while done < prompt_tokens:
            tokens = min(left, prompt_tokens - done)
            of_pass.append((tokens, done, done + tokens == prompt_tokens))
            done, left = done + tokens, left - tokens
            if not left:
                yield of_pass
                left, of_pass = chunk, []
    if of_pass:
        yield of_pass


def missing_share(
    decoder: str, precision: str, device: str, engine: str, batch: int, prompt_tokens: int, output_tokens: int
) -> float:
    """What the cost of a batch leaves out, as a part of it."""
    cost, chunk = cost_of(decoder, precision, device, engine, batch), load_engine(engine).prefill_chunk_tokens
    assert chunk is not None
    in_chunks_s = sum(cost.of_pass(chunks=one) for one in passes(batch, prompt_tokens, chunk))
    decode_s = sum(cost.of_pass(contexts=[prompt_tokens + generated] * batch) for generated in range(1, output_tokens))
    counted_s = cost.of_batch().of_equals(batch, prompt_tokens, output_tokens)
    number = -(-batch * prompt_tokens // chunk)
    assert in_chunks_s + decode_s - counted_s == pytest.approx((number - 1) * cost.prefill_pass, abs=1e-9)
    return (in_chunks_s + decode_s) / counted_s - 1.0


def test_these_are_the_engines_that_prefill_in_chunks():
    chunked = {name for name in table("engines") if load_engine(name).prefill_chunk_tokens}
    assert chunked == {engine for engine, _, _ in LARGEST_SHARE}


@pytest.mark.parametrize(("engine", "boards", "output_tokens"), LARGEST_SHARE)
def test_a_batch_is_too_short_by_no_more_than_is_said(engine: str, boards: tuple[str, ...], output_tokens: int):
    formats = ("w16a16", "w4a16-q4-k-m" if engine == "llama.cpp" else "w4a16-awq")
    largest = max(
        missing_share(decoder, precision, board, engine, batch, prompt_tokens, output_tokens)
        for decoder in DECODERS
        for precision in formats
        for board in boards
        for batch in BATCHES
        for prompt_tokens in PROMPTS
    )
    said = LARGEST_SHARE[engine, boards, output_tokens]
    assert 0.9 * said < largest < said


def test_prompts_that_fit_into_one_chunk_are_counted_whole():
    assert missing_share("llama-3.1-8b", "w16a16", "rtx-4090", "vllm", 8, 256, BATCH) == pytest.approx(0.0)
