"""Sharing the rows of one compiled loop among threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
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
    more than it saves on fewer. Each has the same rows every time, which its core may still have at hand, takes them in
    ever smaller parts, and then parts that others have not come to: so all end at about the same time, whatever else
    each has to do and whenever it gets a core. Kernels release the interpreter's lock and rows do not touch each other,
    so the outcome does not depend on the parts. Plain threads are used and not Numba's parallel loops: those wait
    actively for each other, which makes a step ten times slower when another process needs a core, and cannot be
    entered from two threads or after a fork.
    """
    threads = max(1, min(cores(), rows // least))
    bounds = [rows * thread // threads for thread in range(threads + 1)]
    smallest = max(1, least // 4) if threads > 1 else rows
    parts = [deque(_parts(*own, smallest)) for own in pairwise(bounds)]

    def work(thread: int) -> None:
        while (part := _taken(parts, thread)) is not None:
            kernel(*arguments, *part)

    waiting = [_threads(os.getpid()).submit(work, thread) for thread in range(1, threads)]
    if meanwhile is not None:
        meanwhile()
    work(0)
    for others in waiting:
        if not others.cancel():  # it has begun
            others.result()


def _parts(first: int, last: int, smallest: int) -> Iterator[tuple[int, int]]:
    """Rows from `first` to before `last` in parts: half of what is left, each time, while that is not too small."""
    while first < last:
        half = (last - first) // 2
        end = first + half if half >= smallest else last
        yield first, end
        first = end


def _taken(parts: list[deque[tuple[int, int]]], thread: int) -> tuple[int, int] | None:
    """The next part of a thread: of its own rows the first, of another's the last; None when all are taken."""
    for other in range(len(parts)):
        try:
            return parts[thread].popleft() if other == 0 else parts[(thread + other) % len(parts)].pop()
        except IndexError:
            continue
    return None


def cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _threads(process: int) -> ThreadPoolExecutor:
    """The worker threads of a process; a forked one has none of its parent's and gets its own."""
    return ThreadPoolExecutor(max_workers=max(1, cores() - 1), thread_name_prefix="edge-llm-env-rows")
