"""Speculative decoding: published tokens per step, draft sizes and speed-ups."""

from __future__ import annotations

from edge_llm_env.inference.catalog import load_decoder
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.speculation import Speculation, head_weights
from edge_llm_env.inference.published.comparison import Comparison, case_of, decode_s

SIMULATOR = "SpecDecode-Bench/simulator (arXiv 2601.11580), own count of its data"

TOKENS_PER_STEP = {
    ("GSM8K", 0.655): {1: 1.70, 3: 2.39, 5: 2.67},
    ("ShareGPT", 0.615): {1: 1.66, 3: 2.25, 5: 2.48},
    ("CNN", 0.64): {1: 1.67, 3: 2.33, 5: 2.58},
    ("InstructCoder", 0.645): {1: 1.68, 3: 2.35, 5: 2.63},
}
"""Task and its acceptance → draft length → mean tokens per step, EAGLE-3 chains with Llama-3.1-8B-Instruct."""

HEADS = {"llama-2-7b": 0.24e9, "llama-2-13b": 0.37e9, "llama-2-70b": 0.99e9, "llama-3-8b": 0.25e9}
"""Weights of EAGLE's draft heads (SafeAILab/EAGLE README.md)."""

BATCHES = (1, 8, 16, 32, 64, 128, 256)
SPEED_UPS = {3: (1.72, 1.66, 1.61, 1.52, 1.40, 1.27, 1.16), 5: (1.89, 1.77, 1.67, 1.51, 1.32, 1.14, 0.99)}
"""Draft length → speed-up at `BATCHES`, Llama-3.1-8B on an H100 under vLLM, lengths of ShareGPT."""
LENGTHS = (300, 200)
"""Prompt and output taken for these; the source has the data set's."""

CHAINS = {"qwen3-1.7b": (2.17, 1.69), "qwen3-4b": (2.08, 1.66), "qwen3-8b": (1.99, 1.70), "qwen3-32b": (1.91, 1.71)}
"""Tokens per step and speed-up, single stream (AngelSlim); taken to be on an H100, 3 drafted."""

TREES = {
    ("llama-2-7b", "a100-80gb-sxm"): ((4.34, 2.36), (3.58, 2.10)),
    ("llama-2-13b", "a100-80gb-sxm"): ((4.43, 2.46), (3.64, 2.16)),
}
"""Tokens per step and speed-up of EAGLE-2 and EAGLE-1 under Python (hemingkx/Spec-Bench Leaderboard.md; Vicuna)."""

MIXTURE = {1: 0.72, 4: 0.79}
"""Batch → speed-up of Qwen3-30B-A3B at 1.86 tokens per step, chains of 3 (sgl-project/SpecForge issue 339)."""


def comparisons() -> list[Comparison]:
    """Every row."""
    return [*_counts(), *_heads(), *_batches(), *_chains(), *_beyond()]


def _counts() -> list[Comparison]:
    return [
        Comparison(f"{task}, {k} drafted", said, _chain(k, alpha).tokens_per_step, "tokens/step", SIMULATOR)
        for (task, alpha), counts in TOKENS_PER_STEP.items()
        for k, said in counts.items()
    ]


def _heads() -> list[Comparison]:
    return [
        Comparison(f"head for {name}", said, head_weights(load_decoder(name)), "weights", "SafeAILab/EAGLE README.md")
        for name, said in HEADS.items()
    ]


def _batches() -> list[Comparison]:
    case = case_of("llama-3.1-8b", "w16a16", "h100-sxm", "vllm")
    rows = []
    for k, speed_ups in SPEED_UPS.items():
        for batch, said in zip(BATCHES, speed_ups, strict=True):
            lengths = (batch, *LENGTHS)
            speed_up = decode_s(case, NONE, lengths) / decode_s(case, Mechanisms(speculation=_chain(k, 0.615)), lengths)
            rows.append(Comparison(f"llama-3.1-8b, {k} drafted, batch {batch}", said, speed_up, "x", SIMULATOR))
    return rows


def _chains() -> list[Comparison]:
    rows = []
    for name, (tokens, said) in CHAINS.items():
        case = case_of(name, "w16a16", "h100-sxm", "vllm")
        chain = Mechanisms(speculation=_chain(3, acceptance_for(tokens, 3)))
        speed_up = decode_s(case, NONE, (1, *LENGTHS)) / decode_s(case, chain, (1, *LENGTHS))
        source = "AngelSlim: performance/speculative_decoding/benchmarks; device and draft length assumed"
        rows.append(Comparison(f"{name}, single stream", said, speed_up, "x", source))
    return rows


def _beyond() -> list[Comparison]:
    rows = []
    for (name, device), said in TREES.items():
        case = case_of(name, "w16a16", device, "transformers")
        for (tokens, published), k in zip(said, (6, 5), strict=True):
            chain = Mechanisms(speculation=_chain(k, acceptance_for(tokens, k)))
            speed_up = decode_s(case, NONE, (1, *LENGTHS)) / decode_s(case, chain, (1, *LENGTHS))
            reason = "trees of drafts, made and verified from Python: the mechanism is of chains"
            what = f"{name}, {tokens} tokens/step"
            rows.append(Comparison(what, published, speed_up, "x", "hemingkx/Spec-Bench Leaderboard.md", reason))
    case = case_of("qwen3-30b-a3b", "w16a16", "h100-sxm", "vllm")
    for batch, published in MIXTURE.items():
        chain = Mechanisms(speculation=_chain(3, acceptance_for(1.86, 3)))
        lengths = (batch, *LENGTHS)
        speed_up = decode_s(case, NONE, lengths) / decode_s(case, chain, lengths)
        reason = "two H100 in tensor parallel under SGLang, whose plain decoding is faster than the model's"
        what = f"qwen3-30b-a3b, batch {batch}"
        rows.append(Comparison(what, published, speed_up, "x", "sgl-project/SpecForge issue 339", reason))
    return rows


def _chain(draft_tokens: int, acceptance: float) -> Speculation:
    return Speculation(draft_tokens=draft_tokens, acceptance=acceptance)


def acceptance_for(tokens_per_step: float, draft_tokens: int) -> float:
    """The acceptance α with which chains of so many drafts yield so many tokens per step, by bisection."""
    low, high = 0.0, 1.0 - 1e-9
    for _ in range(60):
        middle = 0.5 * (low + high)
        if _chain(draft_tokens, middle).tokens_per_step < tokens_per_step:
            low = middle
        else:
            high = middle
    return low
