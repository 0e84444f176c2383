"""What is to be seen of a rack at one time."""

from __future__ import annotations

from typing import NamedTuple


class Past(NamedTuple):
    """An epoch that is over, in modules: what a module serves in an epoch is one."""

    arrived: float
    served: float
    expired: float
    on: int
    ready: int


class RackFrame(NamedTuple):
    """A rack at one time."""

    environment: str
    scenario: str
    epoch: int
    episode_epochs: int
    counters: tuple[tuple[str, int], ...]
    energy_j: float
    starts_s: tuple[float, ...]
    """Of each module, how long it still starts (s), 0 if it has, negative if it is off."""
    start_s: float
    modules_per_group: int | None
    """None where nobody chooses."""
    waiting: int
    requests_per_module: float
    past: tuple[Past, ...]
    """The epochs that are shown, the latest last."""
    counted: tuple[tuple[float, ...], ...]
    """For each feeder its counts in these epochs, in parts of the largest that observations show."""
    window_epochs: int
