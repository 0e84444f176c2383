"""The kinds that errors are reported by."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping

from edge_llm_env.inference.catalog import load_decoder, load_device, load_precision
from edge_llm_env.inference.validation.measurements import Measurement

PHASES = ("decode", "decode, batch > 1", "prefill", "memory")
"""What errors are apart for, in the order of tables."""

BATCHES = (1, 4, 8, 16, 64)
"""Last batch of each range."""

CONTEXTS = (128, 1024, 4096)
"""Last context (tokens) of each range."""


def batch_range(one: Measurement) -> str:
    """The batch, in ranges."""
    return _range(one.batch, BATCHES)


def context_range(one: Measurement) -> str:
    """Tokens of a prompt, in the context of a pass, or at the end of a generation, in ranges."""
    return _range(one.context_tokens, CONTEXTS)


def _range(value: int, last: tuple[int, ...]) -> str:
    i = bisect_left(last, value)
    if i == len(last):
        return f"above {last[-1]}"
    first = last[i - 1] + 1 if i else 1
    return str(first) if first == last[i] else f"{first} to {last[i]}"


SPLITS: Mapping[str, Callable[[Measurement], str]] = {
    "device": lambda one: load_device(one.device).kind,
    "engine": lambda one: one.engine,
    "weights": lambda one: f"{load_precision(one.precision).weight_bits:g} bits",
    "batch": batch_range,
    "context": context_range,
    "experts": lambda one: "mixture" if load_decoder(one.decoder).experts > 1 else "dense",
    "measured": lambda one: "whole generations" if one.metric == "throughput" else "one pass",
}
"""Split → the kind that a row is of."""
