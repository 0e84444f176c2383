"""Sharing the rows of one compiled loop among threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any


def share_rows(
    kernel: Callable[..., None], rows: int, least: int, *arguments: Any, meanwhile: Callable[[], None] | None = None
) -> None:
    """Call `kernel(*arguments, first, last)` for parts of the rows that make up all of them, at the same time.

    `meanwhile` is work of the caller's that the other threads need not wait for: done while they start.

    Each part has at least `least` rows, since waking a thread costs more than it saves on fewer, and there are at most
    as many parts as cores. Kernels release the interpreter's lock and rows do not touch each other, so the outcome does
    not depend on the parts. Plain threads are used and not Numba's parallel loops: those wait actively for each other,
    which makes a step ten times slower when another process needs a core, and cannot be entered from two threads or
    after a fork.
    """
    parts = max(1, min(cores(), rows // least))
    bounds = [rows * part // parts for part in range(parts + 1)]
    waiting = [_threads(os.getpid()).submit(kernel, *arguments, *part) for part in pairwise(bounds[1:])]
    if meanwhile is not None:
        meanwhile()
    kernel(*arguments, bounds[0], bounds[1])
    for part in waiting:
        part.result()


def cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _threads(process: int) -> ThreadPoolExecutor:
    """The worker threads of a process; a forked one has none of its parent's and gets its own."""
    return ThreadPoolExecutor(max_workers=max(1, cores() - 1), thread_name_prefix="edge-llm-env-rows")
