"""Measuring a decoder on this machine, round by round, for as long as there is time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge_llm_agents.machine.backends.passes import Backend
from edge_llm_agents.machine.backends.points import Measurement, Point

ROUNDS = 60
"""Most repetitions of each point."""


class Measuring:
    """Measurements as they come: what is there when it is interrupted stays."""

    def __init__(self, backend: Backend, points: Sequence[Point]) -> None:
        self._backend = backend
        self._times_s: dict[Point, list[float]] = {point: [] for point in points}

    @property
    def measured(self) -> list[Measurement]:
        """Of the points that were measured at least once."""
        return [Measurement(point, tuple(times_s)) for point, times_s in self._times_s.items() if times_s]

    def run(self, seconds: float, report: Callable[[int, int], None], elapsed_s: Callable[[], float]) -> None:
        """Measure every point in turn, once, and up to `ROUNDS` times until `elapsed_s()` is past so many seconds.

        The first pass at each point is not counted: it warms caches and allocators up. `report` is told how many
        passes are done, of how many.
        """
        for point in self._times_s:
            self._backend.seconds(point)
        total = ROUNDS * len(self._times_s)
        for done in range(total):
            if done >= len(self._times_s) and elapsed_s() > seconds:
                break
            point = list(self._times_s)[done % len(self._times_s)]
            self._times_s[point].append(self._backend.seconds(point))
            report(done + 1, total)
