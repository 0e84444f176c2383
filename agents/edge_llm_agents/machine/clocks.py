"""Clocks that a machine's work is timed by."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Tells the time (s), from any start on, and waits."""

    def now_s(self) -> float:
        """The time."""
        ...

    def wait_until(self, at_s: float) -> None:
        """Return when it is that late."""
        ...


class WallClock:
    """The time on the wall; waiting takes that long."""

    def now_s(self) -> float:
        """Seconds of the monotonic clock."""
        return time.perf_counter()

    def wait_until(self, at_s: float) -> None:
        """Sleep."""
        left_s = at_s - self.now_s()
        if left_s > 0.0:
            time.sleep(left_s)


class ProcessorClock:
    """Processor time of this thread, and what was waited: it does not run while the thread neither computes nor waits.

    What else runs on the machine takes no time of it, apart from caches and memory that are shared; waiting skips the
    time. It counts what one thread does, so the decoder must have one.
    """

    def __init__(self) -> None:
        self._waited_s = 0.0

    def now_s(self) -> float:
        """Seconds of this thread's processor time, and those skipped."""
        return time.thread_time() + self._waited_s

    def wait_until(self, at_s: float) -> None:
        """Skip the time until then."""
        self._waited_s += max(0.0, at_s - self.now_s())


CLOCKS: dict[str, Callable[[], Clock]] = {"wall": WallClock, "processor": ProcessorClock}
"""By the name that an option gives."""
