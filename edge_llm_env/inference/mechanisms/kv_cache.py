"""The KV cache: fewer bits per entry, or fewer entries.

Bits (KIVI, arXiv 2402.02750; KVQuant, 2401.18079) divide memory; what is read gets cheaper too, but no more than 1.72
times (QuaRot, arXiv 2404.00456, table 15), as entries are expanded on the way. Eviction keeps a share of the cache
(H2O, 2306.14048) or the latest tokens beside the first few (StreamingLLM, 2309.17453; SnapKV, 2404.14469), which is a
window on every layer and is counted as one: `DecoderConfig.at_contexts`, never less than is kept.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_llm_env.inference.batch_cost import AffineCost
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.inference.mechanisms.terms import CACHE, Terms, scaled
from edge_llm_env.inference.quantization import Precision
from edge_llm_env.support.quantities import Tokens
from edge_llm_env.support.section import Section

MOST_SPEED_UP = 1.72
"""Of reading a cache of 4 bits against 16, at batches of 16 and more (QuaRot's kernels on an RTX 3090)."""


class KvCache(Section):
    """How the KV cache is kept."""

    bits: Annotated[float, Field(ge=1, le=16)] | None = Field(
        default=None, description="bits of an entry, scales and outliers included; if none is given, the precision's"
    )
    kept_share: Annotated[float, Field(ge=1e-6, le=1)] = Field(
        default=1.0, description="part of the entries that is kept, and attended to, while decoding"
    )
    kept_tokens: Tokens | None = Field(
        default=None, description="most tokens that every layer keeps and attends to; none: all of them"
    )

    def decoder_of(self, decoder: DecoderConfig) -> DecoderConfig:
        """The decoder with a window on every layer, where tokens are evicted.

        Raises ValueError where it has windows of its own.
        """
        if self.kept_tokens is None:
            return decoder
        if decoder.window is not None:
            raise ValueError(
                f"kv_cache.kept_tokens = {self.kept_tokens}: must be left out, as the decoder has windows of its own"
            )
        return decoder.model_copy(update={"window": self.kept_tokens, "window_layers": decoder.layers})

    def precision_of(self, precision: Precision) -> Precision:
        """The precision with the cache's bits."""
        return precision if self.bits is None else precision.model_copy(update={"kv_bits": self.bits})


def attended(terms: Terms, cache: KvCache, before: Precision) -> dict[str, IterationCost]:
    """The terms of a pass with the cache's bits already in them: no faster than expanding allows, and what is kept."""
    after = cache.precision_of(before)
    ratio = after.kv_bits / before.kv_bits
    changed = scaled(terms, max(ratio, 1.0 / MOST_SPEED_UP) / ratio if ratio < 1.0 else 1.0, CACHE)
    return {
        term: cost._replace(decode_context=cache.kept_share * cost.decode_context) for term, cost in changed.items()
    }


def held(terms: dict[str, AffineCost], cache: KvCache) -> dict[str, AffineCost]:
    """What is held of `MEMORY_TERMS` once entries are evicted, layer by layer, during prefill."""
    return terms | {"held_cache": terms["held_cache"].scaled(cache.kept_share)}
