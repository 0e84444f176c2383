"""The descent to the prices of the least bound, of any number of nodes that serve the same requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FIRST_PRICE = 0.85
"""In parts of the most that a request can be worth, which no price exceeds."""

AIM, MOMENTUM = 0.05, 0.7
"""Steps aim this far below the least bound, in parts of it; the second is the weight of the directions before."""

PATIENCE, STEP_FACTOR, PROGRESS = 3, 0.6, 2e-4
"""Steps are shortened by that factor after so many that do not lower the bound by that part."""

TimesServed = Callable[[], NDArray[np.float64]]
"""Tells how often each request is served, (requests,), where a bound is reached."""


class Relaxed(Protocol):
    """A node that may serve whom others do."""

    def at(self, prices: NDArray[np.float64]) -> tuple[float, TimesServed]:
        """At least the most that it gains in the episode if serving a request costs its price, (requests,)."""
        ...


def lowest(nodes: Sequence[Relaxed], most: NDArray[np.float64], iterations: int) -> float:
    """The least L(λ) = Σ_i λ_i + Σ_nodes gained that a descent of so many iterations finds; a bound whatever it finds.

    `most`, (requests,), is the most that serving each request can be worth.
    """
    prices, direction, least, step, stalled = FIRST_PRICE * most, np.zeros(len(most)), np.inf, 1.0, 0
    best = prices
    for _ in range(iterations):
        gained = [node.at(prices) for node in nodes]
        bound = float(prices.sum() + sum(value for value, _ in gained))
        stalled = 0 if bound < least * (1.0 - PROGRESS) else stalled + 1
        if bound < least:
            least, best = bound, prices
        if stalled >= PATIENCE:
            step, stalled, prices, direction = step * STEP_FACTOR, 0, best, np.zeros(len(most))
            continue
        slope = 1.0 - np.sum([times() for _, times in gained], axis=0)
        slope[((prices <= 0.0) & (slope > 0.0)) | ((prices >= most) & (slope < 0.0))] = 0.0
        direction = MOMENTUM * direction + (1.0 - MOMENTUM) * slope
        if not direction.any():
            break
        prices = np.clip(prices - step * AIM * least / float(direction @ direction) * direction, 0.0, most)
    return least
