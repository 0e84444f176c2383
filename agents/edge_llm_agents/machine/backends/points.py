"""Where a machine is measured: passes of so many sequences of such lengths."""

from __future__ import annotations

from typing import NamedTuple


class Point(NamedTuple):
    """One kind of pass."""

    metric: str
    """prefill, of whole prompts, or decode, of one token of each sequence."""
    batch: int
    tokens: int
    """Of each prompt; or in the context of each sequence, the new one included."""
    held_out: bool = False
    """Predicted, and not fitted to."""


class Measurement(NamedTuple):
    """What was measured at a point."""

    point: Point
    times_s: tuple[float, ...]
    """Of each repetition."""

    @property
    def seconds(self) -> float:
        """The median."""
        times_s = sorted(self.times_s)
        return times_s[len(times_s) // 2]


def points_up_to(batch: int, tokens: int) -> tuple[Point, ...]:
    """Points for sequences of at most so many tokens in batches of at most so many: those to fit first.

    Those held out lie between those fitted to, in batch and length. Raises ValueError below 4 sequences or 32 tokens.
    """
    for name, value, least in (("batch", batch, 4), ("tokens", tokens, 32)):
        if value < least:
            raise ValueError(f"{name} = {value}: must be at least {least}")
    batches = [1, *(2**i for i in range(1, 12) if 2**i < batch), batch]
    between = [1, *(3 * 2**i for i in range(12) if 3 * 2**i < batch)]
    contexts, prompts = (tokens // 16, tokens // 4, tokens), (tokens // 16, tokens // 4, tokens // 2)
    contexts_between, prompts_between = (tokens // 8, tokens // 2), (tokens // 8, 3 * tokens // 8)
    few, few_between = [one for one in batches if one <= 4], [one for one in between if one <= 3]
    return (
        *(Point("decode", one, length) for one in batches for length in contexts),
        *(Point("prefill", one, length) for one in few for length in prompts),
        *(Point("decode", one, length, True) for one in between for length in contexts_between),
        *(Point("prefill", one, length, True) for one in few_between for length in prompts_between),
    )
