"""What a device does at best, measured: a large product, and a large copy."""

from __future__ import annotations

from typing import NamedTuple

import torch

from edge_llm_agents.machine.clocks import Clock
from edge_llm_agents.machine.devices import device_of, memory_bytes

REPETITIONS = 5

WIDTH, COPIED = 1024, 2**24
"""Of the matrices that are multiplied, and numbers that are copied."""


class Peaks(NamedTuple):
    """Of one module."""

    flops_per_s: float
    bandwidth_bytes_per_s: float
    memory_bytes: float


def measured_peaks(device: str, clock: Clock) -> Peaks:
    """The best of some repetitions, with the threads that torch has, in the decoder's number format."""
    on = device_of(device)
    kind = torch.float32 if on.type == "cpu" else torch.float16
    matrix = torch.ones(WIDTH, WIDTH, device=on, dtype=kind)
    vector = torch.ones(COPIED, device=on, dtype=kind)
    product_s = copy_s = float("inf")
    for _ in range(REPETITIONS + 1):  # the first warms up; what is slower than another does not count
        began_s = clock.now_s()
        (matrix @ matrix)[0, 0].item()
        product_s = min(product_s, clock.now_s() - began_s)
        began_s = clock.now_s()
        vector.clone()[0].item()
        copy_s = min(copy_s, clock.now_s() - began_s)
    moved = 2.0 * COPIED * vector.element_size()
    return Peaks(2.0 * WIDTH**3 / product_s, moved / copy_s, memory_bytes(on))
