"""Sequences in the slots of a decoder: who holds which, how far each is, and passes over any of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_llm_agents.machine.decoder import Piece


class Runs(Protocol):
    """Whatever runs passes: a decoder on this machine."""

    def run(self, pieces: Sequence[Piece]) -> list[int]:
        """One pass; the next token of each piece."""
        ...


@dataclass
class _Held:
    slot: int
    tokens: list[int]
    """Prompt and what was made of it so far."""
    cached: int = 0


class SlottedDecoder:
    """A decoder whose sequences are known by numbers of the caller's, each in a slot for as long as it stays."""

    def __init__(self, decoder: Runs, slots: int) -> None:
        self._decoder = decoder
        self._free = list(range(slots))[::-1]
        self._held: dict[int, _Held] = {}

    @property
    def held(self) -> Collection[int]:
        """Numbers of the sequences that have a slot."""
        return self._held.keys()

    def hold(self, number: int, tokens: Sequence[int]) -> None:
        """Take a slot for a sequence of these tokens, none of them computed; RuntimeError where there is none free."""
        if not self._free or number in self._held:
            raise RuntimeError(f"sequence {number}: must be another than those held, and a slot must be free")
        self._held[number] = _Held(self._free.pop(), list(tokens))

    def leave(self, number: int) -> None:
        """Free the slot of a sequence."""
        self._free.append(self._held.pop(number).slot)

    def run(self, work: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """One pass over the next tokens of sequences, (number, how many); those that are whole now get a token more.

        Returns (number, token) of these. A sequence that decodes has one token that is not computed, the one that it
        got last.
        """
        held = [(self._held[number], tokens) for number, tokens in work]
        pieces = [Piece(one.slot, one.tokens[one.cached : one.cached + count], one.cached) for one, count in held]
        made = []
        for (number, count), (one, _), token in zip(work, held, self._decoder.run(pieces), strict=True):
            one.cached += count
            if one.cached == len(one.tokens):
                one.tokens.append(token)
                made.append((number, token))
        return made
