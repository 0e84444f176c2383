"""An episode as a file of trace events, in whichever environment it is played."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.rendering.events.engine import EngineEvents
from edge_llm_env.rendering.events.epochs import EpochEvents
from edge_llm_env.rendering.events.trace import read_trace


class EpisodeTrace:
    """Follows a single environment of this suite, from the reset that it is made after."""

    def __init__(self, env: Any) -> None:
        self._inner = env.unwrapped
        simulation = self._inner.simulation
        self._of_engine = EngineEvents(simulation) if isinstance(simulation, EngineSimulation) else None
        self._of_epochs = EpochEvents(simulation) if self._of_engine is None else None

    def follow(self, action: Any) -> None:
        """A step was taken with that action."""
        if self._of_engine is not None:
            self._of_engine.follow()
        elif self._of_epochs is not None:
            parts_s = self._inner.mechanism.parts_s
            self._of_epochs.follow(None if parts_s is None else parts_s(self._inner.simulation.params, action))

    def write(self, path: Path) -> int:
        """Write the events so far and read them back; how many there are.

        Raises ValueError for a file that viewers could not read.
        """
        events = self._of_engine or self._of_epochs
        assert events is not None  # one of the two
        about = {"environment": self._inner.spec.id, "scenario": self._inner.scenario.name}
        events.finish().write(path, **about)
        return len(read_trace(path))
