"""How many threads torch uses: set here, once per process, and nowhere else."""

from __future__ import annotations

import torch

TORCH_THREADS = 1
"""The networks are small: a second thread gains little on an idle machine, and since torch's threads wait actively for
each other, training is several times slower with it as soon as another process needs the core."""


def set_thread_counts() -> None:
    """Let torch compute in TORCH_THREADS threads."""
    torch.set_num_threads(TORCH_THREADS)
