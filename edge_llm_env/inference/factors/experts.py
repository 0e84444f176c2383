"""How many experts of a mixture a decode pass reads."""

from __future__ import annotations

from edge_llm_env.inference.decoder import DecoderConfig


def experts_read(decoder: DecoderConfig, tokens: float) -> float:
    """Experts of a layer that so many tokens use, in expectation: E·(1 - (1 - k/E)^tokens), experts chosen evenly."""
    return decoder.experts * (1.0 - (1.0 - decoder.experts_per_token / decoder.experts) ** tokens)


def experts_chord(decoder: DecoderConfig, largest_batch: int) -> tuple[float, float]:
    """Experts read per decode pass as `first + each·batch`: the chord of `experts_read` from batch 1 to the largest.

    `experts_read` is concave in the batch and a batch cost must be affine. The chord is exact at both ends, never reads
    more than there are, and in between too few: `chord_error` says how few. Where the largest batch is of one
    request, it is the chord to two.
    """
    last = max(largest_batch, 2)
    each = (experts_read(decoder, last) - decoder.experts_per_token) / (last - 1)
    return decoder.experts_per_token - each, each


def chord_error(decoder: DecoderConfig, largest_batch: int) -> float:
    """The largest part of the experts read that the chord leaves out at any batch up to the largest, 0..1."""
    first, each = experts_chord(decoder, largest_batch)
    return max(1.0 - (first + each * batch) / experts_read(decoder, batch) for batch in range(1, largest_batch + 1))
