"""What every kind of arrivals is: settings of a scenario that draw the requests of an episode."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.section import Section

if TYPE_CHECKING:
    from edge_llm_env.traces.part import TracePart


class Arrived(NamedTuple):
    """Requests of an episode, in order of arrival."""

    arrival_s: NDArray[np.float64]
    """(N,) seconds from the start of the episode, ascending, below the horizon."""
    prompt_tokens: NDArray[np.int64] | None = None
    """(N,) as replayed; None where the scenario draws lengths."""
    output_tokens: NDArray[np.int64] | None = None
    """(N,) as replayed; None where the scenario draws lengths."""
    feeder_counts: NDArray[np.int64] | None = None
    """(periods, feeders) what is counted at feeder cells; None where there are none."""


class Counted(NamedTuple):
    """What is counted in neighbouring cells, feeders of this one."""

    feeders: int = 0
    of_crowd: float = 1.0
    """Mean count of a period at a feeder with a crowd; 1 without feeders."""
    every_s: float | None = None
    """The period; None without feeders."""


class ArrivalProcess(Section):
    """A kind of arrivals; its `kind`, a literal, is its name in scenarios."""

    kind: str

    @property
    @abstractmethod
    def mean_rate_per_s(self) -> float:
        """Mean arrival rate over all episodes (1/s)."""

    def check_episode(self, horizon_s: float) -> None:
        """Raise ValueError, which begins with the field's name, for what is not drawn for an episode of that length."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, horizon_s: float) -> Arrived:
        """The requests of one episode of that length."""

    @property
    def counted(self) -> Counted:
        """What is counted at feeder cells, if there are any."""
        return Counted()

    @property
    def replayed(self) -> TracePart | None:
        """The part of a trace that episodes replay; None where they are drawn."""
        return None
