"""Sharing the rows of one compiled loop among threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any


def share_rows(
    kernel: Callable[..., None], rows: int, least: int, *arguments: Any, meanwhile: Callable[[], None] | None = None
) -> None:
    """Call `kernel(*arguments, first, last)` for parts of the rows that make up all of them, in several threads.

    `meanwhile` is work of the caller's that the other threads need not wait for: done while they begin.

    There are at most as many threads as cores, and each has at least `least` rows to itself, since waking one costs
    more than it saves on fewer. Each takes a part when it is done with its last, a large one first and ever smaller
    ones, so that all end at about the same time, whatever else each has to do and whenever it gets a core. Kernels
    release the interpreter's lock and rows do not touch each other, so the outcome does not depend on the parts. Plain
    threads are used and not Numba's parallel loops: those wait actively for each other, which makes a step ten times
    slower when another process needs a core, and cannot be entered from two threads or after a fork.
    """
    threads = max(1, min(cores(), rows // least))
    parts = deque(_parts(rows, threads, least))

    def work() -> None:
        while parts:
            try:
                first, last = parts.popleft()
            except IndexError:  # another thread has taken it
                return
            kernel(*arguments, first, last)

    waiting = [_threads(os.getpid()).submit(work) for _ in range(threads - 1)]
    if meanwhile is not None:
        meanwhile()
    work()
    for thread in waiting:
        if not thread.cancel():  # it has begun
            thread.result()


def _parts(rows: int, threads: int, least: int) -> list[tuple[int, int]]:
    """Rows in parts: a thread's share of what is left, each time, down to a quarter of `least`."""
    bounds = [0]
    while bounds[-1] < rows:
        left = rows - bounds[-1]
        bounds.append(bounds[-1] + (left if threads == 1 else min(left, max(left // threads, least // 4, 1))))
    return list(pairwise(bounds))


def cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _threads(process: int) -> ThreadPoolExecutor:
    """The worker threads of a process; a forked one has none of its parent's and gets its own."""
    return ThreadPoolExecutor(max_workers=max(1, cores() - 1), thread_name_prefix="edge-llm-env-rows")
