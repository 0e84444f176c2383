"""How many threads the numerical libraries use: set here, once per process, and nowhere else."""

from __future__ import annotations

import os

import torch


def set_thread_counts(threads: int | None = None) -> None:
    """Let torch use `threads` threads, by default one per core.

    Training steps few rows, fewer than `edge_llm_env.vector.PARALLEL_FROM_ROWS`, and the environments do so serially.
    Were both parallel, torch's waiting threads and the kernels' would fight for the cores, and a step take ten times
    as long. Raises ValueError for less than one thread.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads = {threads}: must be at least 1")
    torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
