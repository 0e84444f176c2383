"""A request on its way through the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from edge_llm_agents.machine.clocks import WallClock

wall_s = WallClock().now_s
"""The time of all jobs (s)."""


class Outcome(Enum):
    """How a job ends."""

    COMPLETED = "completed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"


Event = int | Outcome
"""A token, or the end."""


@dataclass(eq=False)
class Job:
    """A prompt, what is asked of it, and who is told."""

    prompt: list[int]
    output_tokens: int
    deadline_s: float
    """Seconds from arrival."""
    accuracy: float
    deliver: Callable[[Event], object]
    """Called from the engine's thread, with each token and then with the outcome."""
    arrival_s: float = 0.0
    first_s: float = 0.0
    last_s: float = 0.0
    made: int = 0
    """Tokens so far."""

    @property
    def due_s(self) -> float:
        """When all of it is due."""
        return self.arrival_s + self.deadline_s


Events = list[tuple[Job, Event]]


class Scheduler(Protocol):
    """A policy over a decoder: it is told who comes and who goes, and takes one step at a time."""

    @property
    def waiting(self) -> list[Job]:
        """Who is not being computed."""
        ...

    @property
    def running(self) -> int:
        """How many are being computed."""
        ...

    def add(self, job: Job) -> None:
        """Let a job wait."""
        ...

    def remove(self, job: Job) -> None:
        """Take a job away, waiting or running, and free what it holds."""
        ...

    def step(self, now_s: float) -> Events | float:
        """Compute one pass at most and tell what came of it; or until when (s) there is nothing to do."""
        ...
