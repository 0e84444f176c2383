"""How many threads the numerical libraries use: set here, once per process, and nowhere else."""

from __future__ import annotations

import os

import torch


def set_thread_counts(threads: int | None = None) -> None:
    """Let torch use `threads` threads, by default one per core.

    Training steps fewer rows than `edge_llm_env.vector.ROWS_PER_THREAD`, and the environments do so in one thread: were
    both parallel, torch's threads, which wait actively, would keep the cores from the environments'. Raises ValueError
    for less than one thread.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads = {threads}: must be at least 1")
    torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
