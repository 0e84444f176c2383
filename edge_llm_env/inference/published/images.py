"""Images: published times to the first token of LLaVA, with and without pruned tokens."""

from __future__ import annotations

from edge_llm_env.inference.factors.fitted import fitted_effects
from edge_llm_env.inference.factors.measured import Measured, adapted
from edge_llm_env.inference.mechanisms.chosen import Mechanisms
from edge_llm_env.inference.mechanisms.images import Images
from edge_llm_env.inference.published.comparison import Comparison, case_of, prefill_s

SOURCE = "pkunlp-icler/FastV README.md, A-OKVQA on an A100"

CLIP = {"tokens": 576, "encoder_weights": 0.304e9, "encoder_patches": 577}
"""Of LLaVA-1.5: CLIP ViT-L/14 at 336 pixels, 24·24 patches and one more; from memory: unverified."""

TEXT_TOKENS = 100
"""Of question, choices and system prompt: assumed."""

FIRST_TOKEN_S = (
    ("llama-2-7b", 0.0, 0.138, 76.8),
    ("llama-2-13b", 0.0, 0.203, 81.9),
    ("llama-2-13b", 0.25, 0.181, 81.8),
    ("llama-2-13b", 0.50, 0.155, 81.3),
    ("llama-2-13b", 0.75, 0.124, 80.9),
)
"""Decoder, part of the image's tokens that is pruned after two layers, s to the first token, score in %."""


def comparisons() -> list[Comparison]:
    """Every row but the one of Llama-2-13B with all tokens, which is given as a measurement of the machine."""
    rows = []
    whole = case_of("llama-2-13b", "w16a16", "a100-80gb-sxm", "transformers")
    given = Measured(metric="prefill", seconds=0.203, tokens=TEXT_TOKENS + 576)
    known = adapted(whole, [given], fitted_effects())
    for name, pruned, said, _ in FIRST_TOKEN_S:
        if (name, pruned) == ("llama-2-13b", 0.0):
            continue
        case = case_of(name, "w16a16", "a100-80gb-sxm", "transformers")
        image = Images(pruned_share=pruned, pruned_after_layers=2, **CLIP)
        seconds = prefill_s(case, Mechanisms(images=image), (1, TEXT_TOKENS), known=known)
        rows.append(Comparison(f"LLaVA-1.5 on {name}, {pruned:.0%} pruned", said, seconds, "s", SOURCE))
    return rows
