"""Offloading: weights or KV cache that are not in the device's memory stream over a link in each pass.

A pass reads the offloaded part once, whatever the batch, as in FlexGen's cost model (arXiv 2303.06865). Where transfers
overlap with computing, each component of a pass takes the longer of the two: max(a, b) for what it costs once, per
sequence and per token of context. That is affine, never less than the longer of the two sums, and never more than both
together; exact where one of them is longer in every component.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.support.quantities import BytesPerS
from edge_llm_env.support.section import Section

BUFFERED_LAYERS = 2
"""Layers that the device holds while they stream: one that is computed, one that arrives. Assumed."""


class Offloading(Section):
    """What is kept out of the device's memory, and the link over which it streams; the host's memory is ample."""

    resident_bytes: Annotated[float, Field(ge=0, le=1e15)] = Field(
        description="weights that stay in the memory of the modules together; the others stream"
    )
    cache_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="part of the KV cache that is kept on the host and streams"
    )
    link_bytes_per_s: BytesPerS = Field(description="rate of the link to host memory or storage, of each module")
    overlap: bool = Field(default=True, description="whether a layer arrives while the one before it is computed")

    def weights_share(self, whole_bytes: float) -> float:
        """Part that streams, 0..1, of so many bytes of weights, of all copies of the model together."""
        return max(0.0, 1.0 - self.resident_bytes / whole_bytes)


def streamed(
    cost: IterationCost,
    weights: IterationCost,
    cache: IterationCost,
    offloading: Offloading,
    *,
    share: float,
    links: int,
) -> IterationCost:
    """The cost of a pass of so many bytes of weights, of which such a share streams, and of cache.

    They stream over so many links side by side.
    """
    per_byte_s = 1.0 / (offloading.link_bytes_per_s * links)
    link = weights.scaled(share * per_byte_s).plus(cache.scaled(offloading.cache_share * per_byte_s))
    if not offloading.overlap:
        return cost.plus(link)
    return IterationCost(*(max(mine, others) for mine, others in zip(cost, link, strict=True)))


def held(
    terms: dict[str, AffineCost], decoder: DecoderConfig, offloading: Offloading, share: float
) -> dict[str, AffineCost]:
    """What the modules hold of `MEMORY_TERMS` where such a share of the weights streams.

    Resident weights, a buffer of two layers, the rest of the cache.
    """
    weights = terms["held_weights"]
    buffered = min(share, BUFFERED_LAYERS / decoder.layers)
    return dict(terms) | {
        "held_weights": weights.scaled(1.0 - share).plus(
            AffineCost(Polynomial(constant=buffered * weights.base.constant), Polynomial())
        ),
        "held_cache": terms["held_cache"].scaled(1.0 - offloading.cache_share),
    }
