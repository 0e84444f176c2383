"""Engines: the software that runs a decoder on a device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

PRODUCTS_PER_LAYER = 7
"""Products of a layer with weights: queries, keys, values, output and three of a gated feed-forward network."""

EngineKind = Literal["python", "eager", "compiled", "native"]


def _pairs(factors: object) -> object:
    return tuple(factors.items()) if isinstance(factors, Mapping) else factors


class Engine(BaseModel):
    """What an engine does with a device, whatever the model: launches, kernels and memory.

    Without a name it stands for a compiled engine of which nothing was measured. Raises `pydantic.ValidationError` on
    an unknown field or a value out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="", description="catalogue name, by which measurements of it are found; empty: none")
    kind: EngineKind = Field(
        default="compiled",
        description="modules of a framework called from Python; own kernels launched one by one from Python; "
        "compiled graphs of kernels; native code",
    )
    operations_per_layer: float = Field(default=10.0, gt=0, description="kernels or operators launched per layer")
    operations_per_quantized_product: float = Field(
        default=0.0, ge=0, description="further ones of each of a layer's seven products with quantized weights"
    )
    fp16_accumulation: bool = Field(
        default=False, description="multiplies with FP16 accumulation where a device does that faster"
    )
    int8_products: bool = Field(
        default=False, description="multiplies quantized weights by activations rounded to INT8, at the INT8 peak"
    )
    gemv_prefill: bool = Field(default=False, description="multiplies quantized weights token by token, in prefill too")
    prefill_chunk_tokens: int | None = Field(
        default=None, gt=0, description="most prompt tokens in one pass; none: whole prompts of the batch"
    )
    paged_cache: bool = Field(
        default=False, description="holds the KV cache in blocks of a pool, with no allocator's share beside it"
    )
    copies_cache: bool = Field(
        default=False,
        description="reads and writes the whole KV cache for each token, and repeats it for each head that shares it",
    )
    factors: Annotated[tuple[tuple[str, float], ...], BeforeValidator(_pairs)] = Field(
        default=(),
        description="effects of the engine on terms of time, as `edge-llm calibrate` measured them, term → factor, in "
        "place of those fitted to published measurements",
    )
    score_bytes: float = Field(
        default=0.0,
        ge=0,
        description="bytes of attention scores that it writes out, per head and pair of prompt tokens",
    )

    def launches_per_layer(self, *, quantized: bool) -> float:
        """Kernels or operators launched per layer, whose weights are quantized or not."""
        return self.operations_per_layer + (PRODUCTS_PER_LAYER * self.operations_per_quantized_product) * quantized
