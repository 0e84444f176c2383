"""Which modules should be on, given what load is expected: a dynamic programme for each module (compiled)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.compilation.compiling import compiled_allocating

NEVER = -1e18
"""What cannot be."""


@compiled_allocating
def expected_share(mean: float, deviation: float, module: int) -> float:
    """E[min(1, max(0, load - module))] of a normal load in modules: how much of a module the next one has to do."""
    if deviation <= 1e-9:
        return min(1.0, max(0.0, mean - module))
    return _above(mean, deviation, float(module)) - _above(mean, deviation, module + 1.0)


@compiled_allocating
def _above(mean: float, deviation: float, level: float) -> float:
    """E[max(0, load - level)] of a normal load."""
    scaled = (mean - level) / deviation
    density = math.exp(-0.5 * scaled * scaled) / math.sqrt(2.0 * math.pi)
    return (mean - level) * 0.5 * (1.0 + math.erf(scaled / math.sqrt(2.0))) + deviation * density


@compiled_allocating
def planned_modules(
    mean: NDArray[np.float64],
    deviation: NDArray[np.float64],
    left_epochs: NDArray[np.int64],
    full_value: float,
    idle_price: float,
    start_epochs: int,
) -> int:
    """How many modules should be on in the epoch that begins.

    `mean` and `deviation`, (H,), are the expected load of that epoch and of those after it, in modules. `left_epochs`,
    (M,), is how many epochs each module still starts, 0 if it has, -1 if it is off: those that are ready first, those
    off last. The first module does what of the load is below one, the next what is below two, and so on, so that each
    has a problem of its own: on or off in each epoch, where switching on is paid and of no use for `start_epochs`.
    """
    horizon, wanted = len(mean), 0
    on, off = np.zeros(horizon + 1), np.zeros(horizon + 1)
    for module in range(len(left_epochs)):
        for ahead in range(horizon - 1, -1, -1):
            gain = full_value * expected_share(mean[ahead], deviation[ahead], module) - idle_price
            starting = NEVER
            if ahead + start_epochs < horizon:
                starting = -idle_price * start_epochs + on[ahead + start_epochs]
            if start_epochs > 0:
                off[ahead] = max(off[ahead + 1], starting)
                on[ahead] = max(gain + on[ahead + 1], off[ahead + 1])
            else:
                on[ahead] = off[ahead] = max(gain, 0.0) + on[ahead + 1]
        left = left_epochs[module]
        gain = full_value * expected_share(mean[0], deviation[0], module) - idle_price
        if start_epochs == 0:
            stays = gain > 0.0
        elif left == 0:
            stays = gain + on[1] > off[1]
        elif left > 0:
            stays = left < horizon and -idle_price * left + on[left] > off[1]
        else:
            stays = start_epochs < horizon and -idle_price * start_epochs + on[start_epochs] > off[1] + 1e-12
        if stays:
            wanted = module + 1
    return wanted


@compiled_allocating
def plan_rows(
    mean: NDArray[np.float64],
    deviation: NDArray[np.float64],
    left_epochs: NDArray[np.int64],
    full_value: float,
    idle_price: float,
    start_epochs: int,
    wanted: NDArray[np.int64],
) -> None:
    """The same of rows: `mean` (R, H), `deviation` (R, H), `left_epochs` (R, M), written to `wanted` (R,)."""
    for row in range(len(wanted)):
        wanted[row] = planned_modules(mean[row], deviation[row], left_epochs[row], full_value, idle_price, start_epochs)
