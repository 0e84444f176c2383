"""Sharing the rows of one compiled loop among threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.support.memory import fetch_and_add

PARTS_PER_THREAD = 16
"""Parts that the least rows of a thread are taken in."""

_NEXT, _END, _SIZE = range(3)
"""Columns of turns."""


def share_rows(
    kernel: Callable[..., None], rows: int, least: int, *arguments: Any, meanwhile: Callable[[], None] | None = None
) -> None:
    """Call `kernel(*arguments, turns, thread)` in several threads, each of which takes rows by `next_rows`.

    `meanwhile` is work of the caller's that the other threads need not wait for: done while they begin.

    There are at most as many threads as cores, and each has at least `least` rows to itself, since waking one costs
    more than it saves on fewer. Each begins with the same rows every time, which its core may still have at hand, and
    goes on with those that others have not come to: so all end at about the same time, whatever else each has to do and
    whenever it gets a core. Kernels release the interpreter's lock, and take rows without it, and rows do not touch
    each other, so the outcome does not depend on who took which. Plain threads are used and not Numba's parallel loops:
    those wait actively for each other, which makes a step ten times slower when another process needs a core, and
    cannot be entered from two threads or after a fork.
    """
    threads = max(1, min(cores(), rows // least))
    turns = turns_of(rows, threads, max(1, least // PARTS_PER_THREAD) if threads > 1 else rows)
    waiting = [_threads(os.getpid()).submit(kernel, *arguments, turns, thread) for thread in range(1, threads)]
    if meanwhile is not None:
        meanwhile()
    kernel(*arguments, turns, 0)
    for others in waiting:
        if not others.cancel():  # it has begun
            others.result()


def turns_of(rows: int, threads: int = 1, size: int | None = None) -> NDArray[np.int64]:
    """Where each of the threads begins among so many rows, to take `size` at a time, or all: what `next_rows` reads."""
    bounds = np.arange(threads + 1) * rows // threads
    turns = np.zeros((threads, 8), dtype=np.int64)  # a line of a cache for each, so that they do not wait for another
    turns[:, _NEXT], turns[:, _END] = bounds[:-1], bounds[1:]
    turns[:, _SIZE] = max(1, rows) if size is None else size
    return turns


@compiled
def next_rows(turns: NDArray[np.int64], thread: int) -> tuple[int, int]:
    """The rows from `first` to before `last` that a thread takes next: of its own, then of others'; none if all are."""
    for other in range(len(turns)):
        at = (thread + other) % len(turns)
        first = fetch_and_add(turns, at, turns[at, _SIZE])
        if first < turns[at, _END]:
            return first, min(first + turns[at, _SIZE], turns[at, _END])
    return 0, 0


def cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _threads(process: int) -> ThreadPoolExecutor:
    """The worker threads of a process; a forked one has none of its parent's and gets its own."""
    return ThreadPoolExecutor(max_workers=max(1, cores() - 1), thread_name_prefix="edge-llm-env-rows")
