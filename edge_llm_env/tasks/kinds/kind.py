"""What every kind of agent task is: a distribution of sizes, and the calls of a task of each size."""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.quantities import PositiveFloat
from edge_llm_env.support.section import Section

ASKED, OBSERVED, INSTRUCTED = range(3)
"""What is new in a call's prompt: what the user asks, what a tool answers, or an instruction of fixed length."""

MOST_CALLS = 64
"""Of a task."""


class Shape(NamedTuple):
    """The calls of a task, C of them, in an order in which each comes behind all that it waits for."""

    predecessors: tuple[tuple[int, ...], ...]
    """Of each call, the calls that must be answered before it, from 0."""
    continues: tuple[int, ...]
    """The call whose prompt, answer and context it goes on from, -1 for none: its context is all of that."""
    new: tuple[int, ...]
    """ASKED, OBSERVED or INSTRUCTED."""
    reads: tuple[bool, ...]
    """Whether the answers of all predecessors but the one that it continues stand in its prompt as well."""
    tools: tuple[bool, ...]
    """Whether a tool runs between its predecessors' answers and the call."""

    @property
    def calls(self) -> int:
        """C, how many calls the task has."""
        return len(self.new)


class TaskKind(Section):
    """A kind of agent task; its `kind`, a literal, is its name in scenarios."""

    kind: str
    weight: PositiveFloat = 1.0

    @abstractmethod
    def size_shares(self) -> NDArray[np.float64]:
        """How likely each size is, from the smallest on, summing to 1."""

    @abstractmethod
    def shape(self, size: int) -> Shape:
        """The calls of a task of that size, from 0 for the smallest."""

    def shapes(self) -> tuple[Shape, ...]:
        """The calls of a task of each size."""
        return tuple(self.shape(size) for size in range(len(self.size_shares())))


def geometric_shares(again: float, most: int) -> NDArray[np.float64]:
    """How likely 1 to `most` rounds are where another one follows each with a probability, cut at `most`."""
    shares = np.array([(1.0 - again) * again**rounds for rounds in range(most)])
    shares[-1] = again ** (most - 1)
    return shares
