"""Attention kernels: with fused ones scores stay on the chip; without, they go to memory and back.

An attention over s tokens by single kernels writes the s·s scores, reads them for the softmax, writes and reads the
shares: Θ(s·d + s²) accesses, against Θ(s²·d²/M) with M bytes of memory on the chip (FlashAttention, arXiv 2205.14135,
theorem 2). Published rates, to which the roofline is fitted, are mostly of fused kernels, so these are as it counts.
"""

from __future__ import annotations

from typing import Literal

from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.iteration import IterationCost

AttentionKernels = Literal["fused", "unfused"]

ACCESSES = 4
"""Of each score in 16 bits: written, read, written, read."""


def score_bytes_per_pair(decoder: DecoderConfig) -> float:
    """Bytes moved for scores per pair of a token and one before it: L·H·4·2 bytes of both halves of the matrix."""
    return decoder.layers * decoder.heads * ACCESSES * 2.0 * 2.0


def scores(decoder: DecoderConfig, per_byte_s: float) -> IterationCost:
    """Time of a pass for scores that go to memory, at so many seconds a byte; those of decode are few, and left out."""
    return IterationCost(prefill_pair=score_bytes_per_pair(decoder) * per_byte_s)


def held_scores(decoder: DecoderConfig) -> AffineCost:
    """Bytes of the scores and shares of one layer at a time: 2·H·s² entries of 16 bits per prompt."""
    return AffineCost(Polynomial(), Polynomial(s_squared=4.0 * decoder.heads))
