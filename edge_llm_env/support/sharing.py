"""Sharing the rows of one compiled loop among threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.calling import Direct, direct
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.support.memory import fetch_and_add
from edge_llm_env.support.system.cores import cores
from edge_llm_env.support.workers import Workers

PARTS_PER_THREAD = 16
"""Parts that the least rows of a thread are taken in."""

LOOKS = 2000
"""How often a thread looks whether the others have ended before it sleeps: for some 50 µs, which is what waking takes.
"""

_NEXT, _END, _SIZE = range(3)
"""Columns of turns."""


def share_rows(
    kernel: Callable[..., None], rows: int, least: int, *arguments: Any, meanwhile: Callable[[], None] | None = None
) -> None:
    """Call `kernel(*arguments, turns, thread)` in several threads, each of which takes rows by `next_rows`.

    `meanwhile` is work of the caller's own that needs the interpreter: done while the other threads are at the rows.

    There are at most as many threads as cores, and each has at least `least` rows to itself, since waking one costs
    more than it saves on fewer. Each begins with the same rows every time, which its core may still have at hand, and
    goes on with those that others have not come to: so all end at about the same time, whatever else each has to do and
    whenever it gets a core. Kernels release the interpreter's lock, and take rows without it, and rows do not touch
    each other, so the outcome does not depend on who took which. Plain threads are used and not Numba's parallel loops:
    those wait actively for each other, which makes a step ten times slower when another process needs a core, and
    cannot be entered from two threads or after a fork.
    """
    threads = max(1, min(cores(), rows // least))
    if threads == 1:
        kernel(*arguments, turns_of(rows), 0)
        if meanwhile is not None:
            meanwhile()
        return
    # The others need the interpreter to begin, and it is theirs while this thread is at rows of its own.
    own = least if meanwhile is not None else 0
    turns = turns_of(rows, threads, max(1, least // PARTS_PER_THREAD), own)
    workers = _workers(os.getpid())
    tasks = [workers.begin(threads - 1, kernel, (*arguments, turns, thread)) for thread in range(1, threads)]
    if meanwhile is not None:
        kernel(*arguments, turns_of(own), 0)
        meanwhile()
    kernel(*arguments, turns, 0)
    begun = [task for task in tasks if not task.take_back()]
    # Having found nothing left, a kernel in machine code does nothing more; one in Python may still raise.
    if not (isinstance(kernel, Direct) and direct(have_ended)(turns, 1 + len(begun))):
        for task in begun:
            task.wait()


def turns_of(rows: int, threads: int = 1, size: int | None = None, first: int = 0) -> NDArray[np.int64]:
    """Where each of the threads begins among the rows from `first` on, to take `size` at a time, or all.

    That is what `next_rows` reads, an entry for each thread; one more has how many threads have found nothing left.
    """
    # A line of a cache for each entry, so that threads do not wait for each other.
    turns = np.zeros((threads + 1, 8), dtype=np.int64)
    for thread in range(threads):
        turns[thread, _NEXT] = first + thread * (rows - first) // threads
        turns[thread, _END] = first + (thread + 1) * (rows - first) // threads
    turns[:, _SIZE] = max(1, rows) if size is None else size
    return turns


@compiled
def next_rows(turns: NDArray[np.int64], thread: int) -> tuple[int, int]:
    """The rows from `first` to before `last` that a thread takes next: of its own, then of others'; none if all are."""
    threads = len(turns) - 1
    for other in range(threads):
        at = (thread + other) % threads
        first = fetch_and_add(turns, at, turns[at, _SIZE])
        if first < turns[at, _END]:
            return first, min(first + turns[at, _SIZE], turns[at, _END])
    fetch_and_add(turns, threads, 1)
    return 0, 0


@compiled
def have_ended(turns: NDArray[np.int64], threads: int) -> bool:
    """Whether so many threads have found nothing left, which they do when they have ended; looks for a while."""
    looks = LOOKS
    while looks > 0 and fetch_and_add(turns, len(turns) - 1, 0) < threads:
        looks -= 1
    return looks > 0


@cache
def _workers(process: int) -> Workers:
    """The other threads of a process; a forked one has none of its parent's and gets its own."""
    return Workers("edge-llm-env-rows")
