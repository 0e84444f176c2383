"""Pruning: weights that are left out, one by one, two of four, by width or by layers.

Unstructured (SparseGPT, arXiv 2301.00774; Wanda, 2306.11695): weights of zero save memory, stored with a bit mask, and
no time. 2:4: two of four weights with two bits of position each; on a device whose units skip zeros products are faster
and less is read, and elsewhere as unstructured. Slices (SliceGPT, 2401.15024): the width between layers shrinks, heads
and cache do not, and two matrices that join the cuts come to each layer. Depth (ShortGPT, Shortened LLaMA): whole
layers go. What quality is left is published for a few models, below.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge_llm_env.inference.batch_cost import AffineCost
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.inference.mechanisms.terms import READS, Terms, scaled
from edge_llm_env.inference.quantization import Precision
from edge_llm_env.inference.work import layer_weights, read_bytes, weight_bytes
from edge_llm_env.support.section import Section

SPARSE_SPEED_UP = 1.43
"""Of 2:4 products of layers, mean of 1.48, 1.50 and 1.32 for Llama-2-7B, 13B and 70B (SliceGPT, table 12; A100)."""

ALIGNED = 8
"""Widths are kept multiples of this, as kernels are slow with others (SliceGPT rounds likewise)."""


class Pruning(Section):
    """What is left out of a decoder's weights."""

    kind: Literal["unstructured", "2:4", "slice", "depth"] = Field(
        description="single weights, two of four, of the width between layers, or whole layers"
    )
    share: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.5, description="part of the weights, the width or the layers that goes; of 2:4 it is a half"
    )
    method: str = Field(
        default="", description="who chose the weights, where ΔPPL is looked up: sparsegpt, wanda, magnitude, slicegpt"
    )

    @model_validator(mode="after")
    def _two_of_four_are_a_half(self) -> Pruning:
        if self.kind == "2:4" and self.share != 0.5:
            raise ValueError(f"share = {self.share:g}: must be 0.5, or left out, with kind 2:4")
        return self

    def decoder_of(self, decoder: DecoderConfig) -> DecoderConfig:
        """The decoder that is left where width or layers go."""
        if self.kind == "depth":
            return _shallower(decoder, max(1, round((1.0 - self.share) * decoder.layers)))
        if self.kind == "slice":
            return _sliced(decoder, self.share)
        return decoder

    def perplexity_increase(self, name: str) -> float:
        """Published ΔPPL on WikiText2 of a decoder pruned so.

        Raises ValueError, one line, where none is known.
        """
        known = PERPLEXITIES.get(name, {})
        key = (self.kind, self.share, self.method)
        if key not in known:
            choices = "; ".join(f"{kind} {share:g} {method}" for kind, share, method in known) or "none"
            raise ValueError(
                f"pruning: no perplexity increase of {name} pruned so is known (known: {choices}), so "
                "perplexity_increase must be given"
            )
        dense, pruned = known[key]
        return pruned - dense


def _shallower(decoder: DecoderConfig, layers: int) -> DecoderConfig:
    kept = layers / decoder.layers
    fewer = {name: round(kept * getattr(decoder, name)) for name in ("dense_layers", "window_layers", "other_weights")}
    for layers_of, size in (("dense_layers", "dense_d_ff"), ("window_layers", "window")):
        if not fewer[layers_of]:
            fewer[size] = None if size == "window" else 0
    return decoder.model_copy(update={"layers": layers} | fewer)


def _sliced(decoder: DecoderConfig, share: float) -> DecoderConfig:
    """With a width of (1 - share)·d; two matrices of that width squared per layer are counted as inner width.

    Experts share a layer's width, and so its joints: with several these are inner width that every token passes.
    """
    width = max(ALIGNED, ALIGNED * round((1.0 - share) * decoder.d_model / ALIGNED))
    joints = round(2 * width / (3 if decoder.gated_ffn else 2))
    passed = ["shared_d_ff" if decoder.experts > 1 else "d_ff"] + ["dense_d_ff"] * (decoder.dense_layers > 0)
    return decoder.model_copy(update={"d_model": width} | {name: getattr(decoder, name) + joints for name in passed})


def stored_share(pruning: Pruning, precision: Precision) -> float:
    """Bytes of a layer's weights as stored, of those of dense ones: zeros go, positions come; at most all."""
    bits = precision.stored_weight_bits
    if pruning.kind == "2:4":
        return min(1.0, 0.5 + 1.0 / bits)  # two bits for each of two weights of four
    if pruning.kind == "unstructured":
        return min(1.0, 1.0 - pruning.share + 1.0 / bits)  # a mask of a bit per weight
    return 1.0


def held_share(pruning: Pruning, decoder: DecoderConfig, precision: Precision) -> float:
    """Bytes of all weights as stored, of those of dense ones; embeddings are not pruned."""
    return _with_layers_of(decoder, pruning, precision, weight_bytes(decoder, precision))


def read_share(pruning: Pruning, decoder: DecoderConfig, precision: Precision) -> float:
    """The same of what a pass reads; the output head is not pruned."""
    return _with_layers_of(decoder, pruning, precision, read_bytes(decoder, precision, decoder.experts))


def _with_layers_of(decoder: DecoderConfig, pruning: Pruning, precision: Precision, whole_bytes: float) -> float:
    layers = decoder.layers * layer_weights(decoder, decoder.experts) * precision.stored_weight_bits / 8.0
    return 1.0 - (1.0 - stored_share(pruning, precision)) * layers / whole_bytes


def _multiplied_share(decoder: DecoderConfig, share: float) -> float:
    """What is multiplied per token, of a dense decoder, where it is such a share of layers; the head is not pruned."""
    layers = decoder.layers * layer_weights(decoder, decoder.experts_per_token)
    head = decoder.vocabulary * decoder.d_model
    return (share * layers + head) / (layers + head)


def skipping(
    terms: Terms, pruning: Pruning, decoder: DecoderConfig, precision: Precision, device: Device
) -> dict[str, IterationCost]:
    """The terms of a pass on a device whose units skip two of four weights; on another they are as they were."""
    if pruning.kind != "2:4" or not device.sparse_units:
        return dict(terms)
    read = scaled(terms, read_share(pruning, decoder, precision), READS)
    multiplied = _multiplied_share(decoder, 1.0 / SPARSE_SPEED_UP)
    compute = read["compute"]
    read["compute"] = compute._replace(decode_sequence=multiplied * compute.decode_sequence)
    return scaled(read, multiplied, ("prefill_compute", "prefill_fill"))


def held(
    terms: dict[str, AffineCost], pruning: Pruning, decoder: DecoderConfig, precision: Precision
) -> dict[str, AffineCost]:
    """What is held of `MEMORY_TERMS`: weights as stored."""
    share = held_share(pruning, decoder, precision)
    return terms | {"held_weights": terms["held_weights"].scaled(share)}


_SLICES = (0.1, 0.2, 0.25, 0.3)


def _slices(dense: float, *pruned: float) -> dict[tuple[str, float, str], tuple[float, float]]:
    return {("slice", share, "slicegpt"): (dense, one) for share, one in zip(_SLICES, pruned, strict=True)}


PERPLEXITIES: dict[str, dict[tuple[str, float, str], tuple[float, float]]] = {
    "llama-2-7b": {
        ("unstructured", 0.5, "magnitude"): (5.12, 14.89),
        ("unstructured", 0.5, "sparsegpt"): (5.12, 6.51),
        ("unstructured", 0.5, "wanda"): (5.12, 6.42),
        ("2:4", 0.5, "magnitude"): (5.12, 54.59),
        ("2:4", 0.5, "sparsegpt"): (5.12, 10.17),
        ("2:4", 0.5, "wanda"): (5.12, 11.02),
    }
    | _slices(5.47, 5.96, 6.86, 7.56, 8.64),
    "llama-2-13b": {
        ("unstructured", 0.5, "sparsegpt"): (4.57, 5.63),
        ("unstructured", 0.5, "wanda"): (4.57, 5.56),
        ("2:4", 0.5, "sparsegpt"): (4.57, 8.32),
        ("2:4", 0.5, "wanda"): (4.57, 8.27),
    }
    | _slices(4.88, 5.29, 6.04, 6.61, 7.44),
    "llama-2-70b": {
        ("unstructured", 0.5, "sparsegpt"): (3.12, 3.98),
        ("unstructured", 0.5, "wanda"): (3.12, 3.98),
        ("2:4", 0.5, "sparsegpt"): (3.12, 5.40),
        ("2:4", 0.5, "wanda"): (3.12, 5.16),
    }
    | _slices(3.32, 3.78, 4.46, 4.89, 5.42),
    "opt-6.7b": {("2:4", 0.5, "sparsegpt"): (10.85, 13.00)} | _slices(10.85, 11.00, 11.62, 12.12, 12.81),
    "opt-13b": {("2:4", 0.5, "sparsegpt"): (10.12, 11.80)} | _slices(10.12, 10.30, 10.75, 11.08, 11.55),
}
"""Decoder → kind, share and method → WikiText2 perplexity dense and pruned, each pair at one length of sequences.

Unstructured and 2:4 of Llama-2 at 4096 tokens: locuslab/wanda README.md; slices, and 2:4 of OPT, at 2048: SliceGPT
(arXiv 2401.15024), table 5.
"""
