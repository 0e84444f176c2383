"""Which unit holds what, and until when it loads: reading the two arrays that tell.

`hosts`, int64 of shape (R, M), names the model that each of the M units of a row holds or loads, or IDLE; `ready_s`,
float64 of that shape, is how long after now it has loaded (s), 0 if it has. A unit is whatever holds one model at a
time: a module of a node, a node of several.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.compilation.compiling import compiled

IDLE = -1
"""What a unit hosts that holds nothing."""


@compiled
def hosting(hosts: NDArray[np.int64], row: int, model: int) -> int:
    """How many units of a row hold or load a model, or are IDLE."""
    count = 0
    for unit in range(hosts.shape[1]):
        count += hosts[row, unit] == model
    return count


@compiled
def ready_within(
    hosts: NDArray[np.int64], ready_s: NDArray[np.float64], row: int, model: int, after_s: float, until_s: float
) -> int:
    """How many units of a row have loaded a model later than `after_s` from now, and by `until_s`."""
    count = 0
    for unit in range(hosts.shape[1]):
        count += hosts[row, unit] == model and after_s < ready_s[row, unit] <= until_s
    return count


@compiled
def last_ready_s(hosts: NDArray[np.int64], ready_s: NDArray[np.float64], row: int, model: int, by_s: float) -> float:
    """When the last of a model's units that have loaded by then has (s from now), 0 if there are none."""
    last_s = 0.0
    for unit in range(hosts.shape[1]):
        if hosts[row, unit] == model and ready_s[row, unit] <= by_s:
            last_s = max(last_s, ready_s[row, unit])
    return last_s
