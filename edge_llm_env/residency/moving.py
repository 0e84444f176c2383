"""Models that come to units and leave them: the start of a load, time that passes, and whom to move.

Arrays are those of `edge_llm_env.residency.residents`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.residency.residents import IDLE, hosting
from edge_llm_env.support.compilation.compiling import compiled


@compiled
def start_load(
    hosts: NDArray[np.int64], ready_s: NDArray[np.float64], row: int, unit: int, model: int, load_s: float
) -> None:
    """A unit forgets what it holds and loads a model, for so long from now (s)."""
    hosts[row, unit] = model
    ready_s[row, unit] = load_s


@compiled
def evict(hosts: NDArray[np.int64], ready_s: NDArray[np.float64], row: int, unit: int) -> None:
    """A unit forgets what it holds."""
    start_load(hosts, ready_s, row, unit, IDLE, 0.0)


@compiled
def host_evenly(hosts: NDArray[np.int64], ready_s: NDArray[np.float64], row: int, models: int) -> None:
    """Units in order hold models in order, as many units each as can be, and all have loaded."""
    units = hosts.shape[1]
    for unit in range(units):
        start_load(hosts, ready_s, row, unit, unit * models // units, 0.0)


@compiled
def pass_time(ready_s: NDArray[np.float64], row: int, duration_s: float) -> None:
    """So much time passes (s): units go on loading, and have loaded when nothing is left."""
    for unit in range(ready_s.shape[1]):
        ready_s[row, unit] = max(0.0, ready_s[row, unit] - duration_s)


@compiled
def next_to_leave(hosts: NDArray[np.int64], ready_s: NDArray[np.float64], row: int, model: int) -> int:
    """The unit of a model that would leave it first: that which still loads longest, between equals the last."""
    leaving = -1
    for unit in range(hosts.shape[1]):
        if hosts[row, unit] == model and (leaving < 0 or ready_s[row, unit] >= ready_s[row, leaving]):
            leaving = unit
    return leaving


@compiled
def move(
    hosts: NDArray[np.int64],
    ready_s: NDArray[np.float64],
    row: int,
    counts: NDArray[np.int64],
    load_s: NDArray[np.float64],
) -> None:
    """Give each model that many units, of shape (models,), by moving as few as possible; the others are idle.

    `load_s`, of the same shape, is how long a unit loads each.
    """
    for model in range(len(counts)):
        for _ in range(hosting(hosts, row, model) - counts[model]):
            evict(hosts, ready_s, row, next_to_leave(hosts, ready_s, row, model))
    for model in range(len(counts)):
        for _ in range(counts[model] - hosting(hosts, row, model)):
            start_load(hosts, ready_s, row, next_to_leave(hosts, ready_s, row, IDLE), model, load_s[model])
