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
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.factors.terms import kv_traffic, weight_traffic
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.inference.work import weight_bytes
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

    def weights_share(self, case: Case) -> float:
        """Part of the weights that streams, 0..1."""
        return max(0.0, 1.0 - self.resident_bytes / weight_bytes(case.decoder, case.precision))


def streamed(
    cost: IterationCost, case: Case, offloading: Offloading, *, links: int, largest_batch: int
) -> IterationCost:
    """The cost of a pass whose offloaded part streams over so many links side by side."""
    per_byte_s = 1.0 / (offloading.link_bytes_per_s * links)
    weights = weight_traffic(case.decoder, case.precision, largest_batch).scaled(
        offloading.weights_share(case) * per_byte_s
    )
    cache = kv_traffic(case.decoder, case.precision).scaled(offloading.cache_share * per_byte_s)
    link = weights.plus(cache)
    if not offloading.overlap:
        return cost.plus(link)
    return IterationCost(*(max(mine, others) for mine, others in zip(cost, link, strict=True)))


def held(terms: dict[str, AffineCost], case: Case, offloading: Offloading) -> dict[str, AffineCost]:
    """What the modules hold of `MEMORY_TERMS`: resident weights, a buffer of two layers, the rest of the cache."""
    share = offloading.weights_share(case)
    weights = terms["held_weights"]
    buffered = min(share, BUFFERED_LAYERS / case.decoder.layers)
    return dict(terms) | {
        "held_weights": weights.scaled(1.0 - share).plus(
            AffineCost(Polynomial(constant=buffered * weights.base.constant), Polynomial())
        ),
        "held_cache": terms["held_cache"].scaled(1.0 - offloading.cache_share),
    }
