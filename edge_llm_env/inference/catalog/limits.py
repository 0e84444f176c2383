"""What a decoder can be asked: how long its contexts may be, and in which precision its checkpoint is served."""

from __future__ import annotations

import warnings

from edge_llm_env.inference.catalog.reading import load_precision, table
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.quantization import Precision
from edge_llm_env.support.naming import shown


def check_context_limit(decoder: DecoderConfig, name: str, longest_tokens: int, field: str = "decoder") -> None:
    """Raise ValueError, naming both and the field, if the longest prompt plus output exceeds the decoder's limit."""
    limit = decoder.context_limit
    if limit is not None and longest_tokens > limit:
        raise ValueError(
            f"{field} = {shown(name)}: the longest prompt plus output, {longest_tokens} tokens, must be at most its "
            f"context limit, {limit} tokens"
        )


def check_contexts(decoder: DecoderConfig, name: str, shortest_tokens: int, longest_tokens: int) -> None:
    """Raise ValueError, naming both, if the longest prompt plus output exceeds the decoder's limit.

    Warns of a sliding window that is shorter: costs are affine in lengths, and so may count more KV cache than is kept.
    """
    check_context_limit(decoder, name, longest_tokens)
    if counted := beyond_window(decoder, shortest_tokens, longest_tokens):
        warnings.warn(f"decoder = {shown(name)}: {counted}", stacklevel=2)


def beyond_window(decoder: DecoderConfig, shortest_tokens: int, longest_tokens: int) -> str | None:
    """How contexts between these lengths (tokens) are counted where they go beyond a sliding window; None within it."""
    window = decoder.window
    if window is None or longest_tokens <= window:
        return None
    windowed = decoder.at_contexts(shortest_tokens, longest_tokens)
    too_many = (1.0 - windowed.window_share) * max(window - shortest_tokens, 0)
    return (
        f"{decoder.window_layers} of its {decoder.layers} layers keep the latest {window} tokens of up to "
        f"{longest_tokens}; a batch's cost is affine in lengths and cannot cap them, so it counts up to "
        f"{too_many:.0f} tokens too many in each of these layers"
    )


def check_stored_precision(decoder: DecoderConfig, name: str, precision: Precision, field: str = "precision") -> None:
    """Raise ValueError, naming both and the field, if a checkpoint stores its weights in other bits than these."""
    stored = decoder.stored_weight_bits
    if stored is None or precision.weight_bits == stored:
        return
    fitting = sorted(one for one in table("precisions") if load_precision(one).weight_bits == stored)
    choice = f"one of {', '.join(fitting)}" if fitting else "of as many bits, which none of the catalogue is"
    raise ValueError(
        f"{field} = {shown(precision.name)}: the checkpoint {name} stores weights of {stored:g} bits (its "
        f"quantization_config), so it must be {choice}; or take quantization_config out of the file"
    )
