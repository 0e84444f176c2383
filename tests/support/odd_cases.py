"""A kind of cases that end in every way that a case can, for the campaign of faults to tell apart."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count

import numpy as np

from experiments.faults.case import Case, FaultError, Kind


def _raising(error: Exception) -> Callable[[], None]:
    def do() -> None:
        raise error

    return do


def _found() -> None:
    raise FaultError("reward = nan")


def _forever() -> None:
    for _ in count():
        pass


CASES = {
    "clear": Case("rows = 0", _raising(ValueError("rows = 0: must be at least 1")), ("rows",), ("0",)),
    "held": Case("rows = 1", lambda: None, ("rows",), may_hold=True),
    "accepted": Case("rows = -1", lambda: None, ("rows",)),
    "key": Case("rows missing", _raising(KeyError("rows must be there")), ("rows",)),
    "lines": Case("rows = 2", _raising(ValueError("rows = 2:\nmust be 1")), ("rows",)),
    "nameless": Case("rows = 3", _raising(ValueError("must be 1")), ("rows",)),
    "valueless": Case("rows = 4", _raising(ValueError("rows must be 1")), ("rows",), ("4",)),
    "curt": Case("rows = 5", _raising(ValueError("rows = 5 is bad")), ("rows",), ("5",)),
    "found": Case("rows = 6", _found),
    "ended": Case("rows = 7", lambda: os._exit(3)),
    "forever": Case("rows = 8", _forever),
    "greedy": Case("rows = 9", lambda: np.ones(2**40)),
}
VERDICTS = {
    "clear": "clear", "held": "held", "accepted": "wrong", "key": "unclear", "lines": "unclear",
    "nameless": "unclear", "valueless": "unclear", "curt": "unclear", "found": "wrong", "ended": "crashed",
    "forever": "hung", "greedy": "crashed",
}  # fmt: skip


def make(seed: int, index: int) -> Case:
    """The case at an index, whatever the seed."""
    return list(CASES.values())[index]


def bad(seed: int, index: int) -> Case:
    """Two that are unclear, and one that is wrong."""
    return CASES[("key", "lines", "accepted")[index]]._replace(what="rows")


def mended(seed: int, index: int) -> Case:
    """The same, of which all but the second are good."""
    return CASES[("clear", "lines", "held")[index]]._replace(what="rows")


def prepare() -> None:
    """Nothing to compile."""


KIND = Kind("one of each", make, prepare, whole=len(CASES), cpu_limit_s=3.0)
