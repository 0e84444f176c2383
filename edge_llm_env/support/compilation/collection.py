"""Compiling with fewer visits of Python's garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY_OBJECTS = 100_000
"""Made between two visits while a kernel is compiled. Python's default of 700 has the collector go through Numba's
objects, which nearly all stay until the kernel is done, for a tenth of the time that compiling takes."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """The garbage collector visits after `MANY_OBJECTS`, unless it does so more seldom or never."""
    before = gc.get_threshold()
    if 0 < before[0] < MANY_OBJECTS:
        gc.set_threshold(MANY_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
