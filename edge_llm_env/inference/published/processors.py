"""Neural processing units: published rates of small models. No row of FPGAs, ASICs or computing memories was found."""

from __future__ import annotations

from edge_llm_env.inference.factors.fitted import Effects, fitted_effects
from edge_llm_env.inference.factors.measured import Measured, adapted
from edge_llm_env.inference.mechanisms.chosen import NONE
from edge_llm_env.inference.published.comparison import Comparison, case_of, decode_s, prefill_s

SOURCE = "airockchip/rknn-llm: benchmark.md, 128 tokens in, 64 out"

RATES = {
    ("rk3588-npu", "w8a8-rkllm"): {
        "qwen3-0.6b": (32.91, 0.19909),
        "tinyllama-1.1b": (24.43, 0.24393),
        "qwen2.5-1.5b": (16.69, 0.37831),
        "gemma-2-2b": (10.37, 0.59841),
        "phi-3-mini": (7.45, 1.01728),
    },
    ("rk3576-npu", "w8a8-rkllm"): {
        "qwen3-0.6b": (17.17, 0.46154),
        "tinyllama-1.1b": (12.18, 0.53413),
        "gemma-2-2b": (5.24, 0.95677),
        "phi-3-mini": (3.74, 1.61597),
    },
    ("rk3576-npu", "w4a16-rkllm"): {
        "qwen3-0.6b": (24.85, 0.46861),
        "tinyllama-1.1b": (19.71, 0.54368),
        "gemma-2-2b": (9.14, 0.99792),
        "phi-3-mini": (6.58, 1.82909),
    },
}
"""Device and precision → decoder → tokens/s and s to the first token. None of these rows is in the fit."""


GIVEN = "tinyllama-1.1b"
"""Whose rows are what is measured on each machine, where one measurement is given."""


def comparisons() -> list[Comparison]:
    """Every row from the datasheet alone, and every row but two of a machine given these two."""
    rows = []
    for (device, precision), rates in RATES.items():
        for name in rates:
            rows += _of_machine(name, precision, device, fitted_effects(), "by datasheet")
        tokens_per_s, first_s = rates[GIVEN]
        measured = [
            Measured(metric="decode", seconds=1.0 / tokens_per_s, tokens=160),
            Measured(metric="prefill", seconds=first_s, tokens=128),
        ]
        known = adapted(case_of(GIVEN, precision, device, "rkllm"), measured, fitted_effects())
        for name in (one for one in rates if one != GIVEN):
            rows += _of_machine(name, precision, device, known, f"{GIVEN} given")
    return rows


def _of_machine(name: str, precision: str, device: str, known: Effects, told: str) -> list[Comparison]:
    tokens_per_s, first_s = RATES[device, precision][name]
    case = case_of(name, precision, device, "rkllm")
    what = f"{name} {precision} on {device}"
    rate = 1.0 / decode_s(case, NONE, (1, 128, 64), known=known)
    first = prefill_s(case, NONE, (1, 128), known=known)
    return [
        Comparison(what, tokens_per_s, rate, f"tokens/s, {told}", SOURCE),
        Comparison(what, first_s, first, f"s to the first token, {told}", SOURCE),
    ]
