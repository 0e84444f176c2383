"""Whole modules for variants, from logits, by largest remainders."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.modules import hosted
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

ROUNDING = 1e-6
"""Actions are float32 as a rule; what is this much of the node short of a whole module counts as one."""

LOGIT_SCALE = 2.0
"""Of logits from entries in -1..1."""


@compiled_allocating
def whole_modules(shares: NDArray[np.float64], modules: int) -> NDArray[np.int64]:
    """All of so many modules by shares ≥ 0 that do not sum to 0, int64 of shape (G,), by largest remainders.

    Each variant has its quota, shares scaled to sum to `modules`, rounded down, and those with the largest remainders
    have one more, the cheaper first between equals.
    """
    total = 0.0
    for variant in range(len(shares)):
        total += shares[variant]
    counts = np.zeros(len(shares), dtype=np.int64)
    remainders = np.zeros(len(shares))
    left = modules
    for variant in range(len(shares)):
        quota = shares[variant] / total * modules
        counts[variant] = math.floor(quota + ROUNDING * modules)
        remainders[variant] = quota - counts[variant]
        left -= counts[variant]
    for _ in range(left):
        largest = 0
        for variant in range(1, len(remainders)):
            if remainders[variant] > remainders[largest]:
                largest = variant
        counts[largest] += 1
        remainders[largest] -= 1.0
    return counts


@compiled
def share_of_logit(entry: float) -> float:
    """What an entry a in -1..1 weighs: exp(2a) - exp(-2), so that -1 is nothing at all."""
    return math.exp(LOGIT_SCALE * entry) - math.exp(-LOGIT_SCALE)


@compiled_allocating
def wanted_modules(
    params: NodeParams, state: NodeState, row: int, action: NDArray[np.float64], first: int
) -> NDArray[np.int64]:
    """Modules of each variant, int64 of shape (G,), by the logits in entries `first` on.

    All modules are divided in proportion to `share_of_logit`. The present partition stays while it has less than one
    module more or fewer than its quota for every variant, and where nobody wants any; otherwise the quotas become whole
    modules by largest remainders. So small differences move nothing, which would have to load.
    """
    variants = len(params.variant_accuracy)
    shares = np.zeros(variants)
    total = 0.0
    for variant in range(variants):
        shares[variant] = max(0.0, share_of_logit(action[first + variant]))
        total += shares[variant]
    counts = np.zeros(variants, dtype=np.int64)
    stays = True
    for variant in range(variants):
        counts[variant] = hosted(state, row, variant)
        if total > 0.0:
            off = abs(shares[variant] / total * params.modules - counts[variant])
            stays = stays and off < 1.0 - ROUNDING * params.modules
    return counts if stays else whole_modules(shares, params.modules)
