"""What can be measured at points, and the decoder of this suite as such."""

from __future__ import annotations

from typing import Protocol

from edge_llm_agents.machine.backends.points import Point
from edge_llm_agents.machine.clocks import Clock
from edge_llm_agents.machine.decoder import Piece
from edge_llm_agents.machine.slots.sequences import Runs


class Backend(Protocol):
    """Runs passes and times them."""

    def seconds(self, point: Point) -> float:
        """Time of one pass of that kind: a prefill of so many prompts, or a decode of so many sequences."""
        ...


class Passes:
    """A decoder with slots, on a clock."""

    def __init__(self, decoder: Runs, clock: Clock) -> None:
        self._decoder, self._clock = decoder, clock

    def seconds(self, point: Point) -> float:
        """Time of one pass; tokens are arbitrary, and a decoding sequence finds whatever its slot holds."""
        pieces = pieces_of(point)
        began_s = self._clock.now_s()
        self._decoder.run(pieces)
        return self._clock.now_s() - began_s


def pieces_of(point: Point) -> list[Piece]:
    """The pass of a point."""
    if point.metric == "prefill":
        return [Piece(slot, [1 + slot] * point.tokens, 0) for slot in range(point.batch)]
    return [Piece(slot, [1 + slot], point.tokens - 1) for slot in range(point.batch)]
