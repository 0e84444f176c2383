"""How the terms of an iteration divide by what they are of, for mechanisms that change one kind."""

from __future__ import annotations

from collections.abc import Mapping

from edge_llm_env.inference.iteration import IterationCost

Terms = Mapping[str, IterationCost]
"""Term, of `edge_llm_env.inference.factors.terms.TERMS` → what it takes of one pass, in s or J."""

READS = ("weights", "prefill_weights", "prefill_gemv")
"""Terms that read weights."""

CACHE = ("kv_cache",)
"""Terms that read or write the KV cache."""

PRODUCTS = ("compute", "prefill_fill", "prefill_compute", "prefill_attention", "prefill_scores")
"""Terms that multiply, and of what that leaves the attention scores, which are of query heads too."""


def scaled(terms: Terms, factor: float, names: tuple[str, ...]) -> dict[str, IterationCost]:
    """The terms, those of these names times a constant."""
    return {term: cost.scaled(factor) if term in names else cost for term, cost in terms.items()}
