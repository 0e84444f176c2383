"""What an algorithm is to the protocol: from a budget of decisions to a model, with a curve of learning.

It knows nothing of how models are judged or saved, so that a run follows from what learns alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from edge_llm_env.scenarios import Scenario


class Asked(NamedTuple):
    """What an algorithm is asked for."""

    env_id: str
    scenario: Scenario
    seed: int
    decisions: int
    curve: Curve


@dataclass
class Curve:
    """Points of a curve of learning: what the policy reaches on validation workloads after so many decisions.

    Playing them takes no decisions of the budget, as nothing is chosen by it, and no time of the curve.
    """

    measure: Callable[[Any], float]
    """What a model reaches, in percent of the reference rule."""
    every: int
    """Decisions between two points."""
    points: list[dict[str, float]] = field(default_factory=list)
    _paused_s: float = 0.0
    _started_s: float = field(default_factory=time.monotonic)

    @property
    def wall_s(self) -> float:
        """Seconds of learning so far."""
        return time.monotonic() - self._started_s - self._paused_s

    def due(self, decisions: int) -> bool:
        """Whether a point is to be taken after so many decisions."""
        taken = self.points[-1]["decisions"] if self.points else 0
        return decisions >= taken + self.every

    def ends_at(self, decisions: int) -> bool:
        """Whether the last point is of so many decisions."""
        return bool(self.points) and self.points[-1]["decisions"] == decisions

    def add(self, model: Any, decisions: int) -> None:
        """Take a point, of a model of Stable-Baselines3 or a policy that is saved with a card."""
        wall_s, began_s = self.wall_s, time.monotonic()
        self.points.append({"decisions": decisions, "wall_s": wall_s, "percent_of_reference": self.measure(model)})
        self._paused_s += time.monotonic() - began_s


class Learned(NamedTuple):
    """What an algorithm made."""

    model: Any
    """A model of Stable-Baselines3, or a policy that is saved with a card."""
    decisions: int
    """That it took."""


@dataclass(frozen=True)
class Learner:
    """An algorithm of the protocol."""

    learn: Callable[[Asked], Learned]
    fits: Callable[[str], bool]
    """Whether it is for the actions of an environment, by its id."""
    knows: str = "nothing"
    """What it is told, one of `edge_llm_agents.protocol.rules.KNOWLEDGE`."""
    off_policy: bool = False
    """It learns from each decision many times, and takes fewer of them: some hundred a second, or those of a rule that
    searches."""
    settings: Any = ()
    """What its results follow from beside its code."""
