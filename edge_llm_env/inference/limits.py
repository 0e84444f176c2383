"""What a decoder can be asked: how long its contexts may be, and in which precision its checkpoint is served."""

from __future__ import annotations

from edge_llm_env.inference.catalog import load_precision, table
from edge_llm_env.inference.decoder import DecoderConfig


def check_context(decoder: DecoderConfig, name: str, tokens: int) -> None:
    """Raise ValueError, naming both, if so many tokens of prompt and output exceed the decoder's limit or its window.

    A batch's cost is affine in its requests' lengths, so it cannot cap what layers with a full window keep and read.
    """
    asked = f"decoder = {name!r}: the longest prompt plus output, {tokens} tokens,"
    if decoder.context_limit is not None and tokens > decoder.context_limit:
        raise ValueError(f"{asked} must be at most its context limit, {decoder.context_limit} tokens")
    if decoder.window is not None and tokens > decoder.window:
        raise ValueError(
            f"{asked} must be at most the window of {decoder.window} tokens that {decoder.window_layers} of its "
            f"{decoder.layers} layers attend to: costs are affine and cannot cap what a full window keeps"
        )


def check_stored_precision(decoder: DecoderConfig, name: str, precision: str) -> None:
    """Raise ValueError, naming both, if a checkpoint stores its weights in other bits than the precision has."""
    stored = decoder.stored_weight_bits
    if stored is None or load_precision(precision).weight_bits == stored:
        return
    fitting = sorted(one for one in table("precisions") if load_precision(one).weight_bits == stored)
    choice = f"one of {', '.join(fitting)}" if fitting else "of as many bits, which none of the catalogue is"
    raise ValueError(
        f"precision = {precision!r}: the checkpoint {name} stores weights of {stored:g} bits (its "
        f"quantization_config), so it must be {choice}; or take quantization_config out of the file"
    )
