"""A clock that moves only when it is looked at, and HiGHS with no time at all, for what has a limit in seconds."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import scipy.optimize


class Clock:
    """Stands in a module for `time`: each look finds it `step_s` later, the first at 0. `looks` counts them."""

    def __init__(self, step_s: float) -> None:
        self.step_s = step_s
        self.looks = 0

    def perf_counter(self) -> float:
        """Seconds, as `time.perf_counter` gives them."""
        self.looks += 1
        return (self.looks - 1) * self.step_s

    @classmethod
    def in_module(cls, module: ModuleType, monkeypatch: pytest.MonkeyPatch, *, step_s: float = 1.0) -> Clock:
        """A clock that a module sees instead of the machine's for the rest of a test."""
        clock = cls(step_s)
        monkeypatch.setattr(module, "time", clock)
        return clock


def stopping_at_once(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """HiGHS, which has a clock of its own, finds its time over as it begins; the limits in seconds it was given."""
    milp, given = scipy.optimize.milp, []

    def stopped(*args: Any, options: dict[str, Any], **kwargs: Any) -> Any:
        given.append(options["time_limit"])
        return milp(*args, options=options | {"time_limit": 0.0}, **kwargs)

    monkeypatch.setattr(scipy.optimize, "milp", stopped)
    return given


def without_deadlines(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the monotonic clock that a module of somebody else's sees, so that none of its deadlines comes."""
    monkeypatch.setattr(module, "time", SimpleNamespace(**vars(module.time) | {"monotonic": lambda: 0.0}))
