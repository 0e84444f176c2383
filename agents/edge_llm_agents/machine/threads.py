"""Torch on so many threads, which stay on as many processors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def pinned(threads: int) -> Iterator[None]:
    """So for as long as the context lasts, where the system can pin threads.

    Raises ValueError for more threads than processors that this process may use.
    """
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    if not 1 <= threads <= len(allowed):
        raise ValueError(f"threads = {threads}: must be in 1..{len(allowed)}, the processors that this process may use")
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(allowed)[:threads]))
    try:
        yield
    finally:
        torch.set_num_threads(before)
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, allowed)


def check_clock(clock: str, device: str, threads: int) -> None:
    """Raise ValueError where processor time would not count all that is computed."""
    if clock == "processor" and (threads != 1 or not device.startswith("cpu")):
        raise ValueError(
            f"clock = processor: counts one thread of a CPU: must be wall for device = {device}, threads = {threads}"
        )
