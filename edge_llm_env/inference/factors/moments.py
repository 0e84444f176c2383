"""What residuals of one machine have in common, by moments: products of two of them against what the two share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from edge_llm_env.inference.factors.alike import Alike, Place, shared

CLIPPED = 0.5
"""Largest residual, in logarithms, that counts: of larger ones this, so that few rows do not decide."""


class Pairs(NamedTuple):
    """Pairs of rows of one machine and phase, every row with itself among them."""

    row: NDArray[np.intp]
    """The first of each pair."""
    shares: NDArray[np.float64]
    """What the two share of each part of `Alike`, (pairs, 2)."""
    products: NDArray[np.float64]
    """Of their residuals."""
    weights: NDArray[np.float64]
    """Each row counts once, with the mean of its pairs."""

    def chosen(self, which: NDArray[np.bool_]) -> Pairs:
        """Some of the pairs."""
        return Pairs(self.row[which], self.shares[which], self.products[which], self.weights[which])


def pairs(machines: Sequence[Hashable], places: Sequence[Place], residuals: NDArray[np.float64]) -> Pairs:
    """All pairs of rows, with residuals in logarithms, that are of the same machine and phase."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for i, place in enumerate(places):
        groups[machines[i], place.phase].append(i)
    row, other = np.array([(i, j) for rows in groups.values() for i in rows for j in rows]).T
    clipped = np.clip(residuals, -CLIPPED, CLIPPED)
    return Pairs(
        row,
        np.array([shared(places[i], places[j]) for i, j in zip(row.tolist(), other.tolist(), strict=True)]),
        clipped[row] * clipped[other],
        np.array([1.0 / len(rows) for rows in groups.values() for _ in range(len(rows) ** 2)]),
    )


def alike(of: Pairs) -> Alike:
    """The variances of the two parts: least squares over the pairs, and none below 0."""
    root = np.sqrt(of.weights)
    variances, _ = nnls(of.shares * root[:, None], of.products * root)
    return Alike(*variances.tolist())
