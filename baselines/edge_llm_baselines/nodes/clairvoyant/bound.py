"""The Lagrangian bound of a network: with a price on every request, each server is a problem of its own.

With multipliers μ_i ≥ 0 on "request i is served at most once",

    L(μ) = Σ_i μ_i + Σ_servers max over what a server could do in the episode of Σ_{i served} (1 - μ_i)

is an upper bound on the requests that any policy of the network serves, as each server may then serve whom others do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.nodes.clairvoyant.servers import Server

GRID = 1024
"""Prices are whole multiples of 1/GRID: searches for batches are faster where values are multiples of one number."""

FIRST_PRICE = 0.3
"""Of every request that has more than one chance."""

MOMENTUM = 0.85
"""Weight of the directions before in the direction of a step."""

FIRST_STEP, STEP_FACTOR, LEAST_STEP, PATIENCE = 0.5, 0.6, 0.01, 6
"""Of Polyak's length: the first step, what steps are shortened by after so many without progress, and the last."""

PROGRESS = 2e-4
"""Relative fall of the bound that counts as progress."""

ROUNDING = 1e-6
"""Added to a bound before it is rounded down to a whole number of requests, for the sums' floating-point error."""


class NetworkBound(NamedTuple):
    """Where a descent ended."""

    upper_bound: int
    """No policy serves more."""
    prices: NDArray[np.float64]
    """(requests,) μ of the least bound met."""


def descend(servers: Sequence[Server], value: int, iterations: int) -> NetworkBound:
    """Lower L(μ) for at most that many iterations, or until the bound is what a known schedule serves, `value`.

    As `edge_llm_baselines.hindsight.lagrangian.descend` does: steps along a weighted mean of subgradients, 1 - (times
    served) for each request, as far as Polyak's rule says, and shorter from the best prices when the bound stalls. Only
    requests with more than one chance have a price.
    """
    contested = np.sum([server.chances() for server in servers], axis=0) > 1
    prices = np.where(contested, round(FIRST_PRICE * GRID) / GRID, 0.0)
    best, least, step, stalled = prices, math.inf, FIRST_STEP, 0
    direction = np.zeros(len(prices))
    for _ in range(max(1, iterations)):
        served = np.zeros(len(prices))
        bound = float(prices.sum()) + sum(server.relaxed(prices, served) for server in servers)
        stalled = 0 if bound < least * (1.0 - PROGRESS) else stalled + 1
        if bound < least:
            least, best = bound, prices
        if math.floor(least + ROUNDING) <= value:
            break
        slope = np.where(contested, 1.0 - served, 0.0)
        slope[((prices <= 0.0) & (slope > 0.0)) | ((prices >= 1.0) & (slope < 0.0))] = 0.0
        direction = MOMENTUM * direction + (1.0 - MOMENTUM) * slope
        if stalled >= PATIENCE:
            step, stalled, prices, direction = step * STEP_FACTOR, 0, best, np.zeros(len(prices))
            if step < LEAST_STEP:
                break
            continue
        if (length := float(direction @ direction)) == 0.0:
            break
        far = step * max(bound - value, 1.0) / length
        prices = np.where(contested, np.clip(np.round((prices - far * direction) * GRID) / GRID, 0.0, 1.0), 0.0)
    return NetworkBound(math.floor(least + ROUNDING), best)
