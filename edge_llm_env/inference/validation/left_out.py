"""Predictions of rows by factors that were fitted without them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.inference.factors.regression import Rows

CONVERGED = 1e-3
"""Of the fits that leave rows out: a thousandth of a factor."""


class LeftOut(NamedTuple):
    """What the rows that were kept say of those that were left out."""

    fold: NDArray[np.intp]
    """Row → the fit that left it out."""
    logs: NDArray[np.float64]
    """Logarithms of effects, (fits, effects)."""
    predicted: NDArray[np.float64]
    """Row → its prediction by that fit, s or bytes."""


def folds_of(groups: Sequence[Hashable], folds: int | None = None, seed: int = 0) -> NDArray[np.intp]:
    """Row → its part: whole groups, each a part of its own or, with `folds`, dealt out to so many by chance."""
    names = sorted(set(groups), key=str)
    number = len(names) if folds is None else min(folds, len(names))
    order = np.random.default_rng(seed).permutation(len(names))
    part = {name: int(order[i]) % number for i, name in enumerate(names)}
    return np.array([part[group] for group in groups])


def left_out(rows: Rows, fold: NDArray[np.intp]) -> LeftOut:
    """Predict each part's rows by a fit to all others; it begins at the priors, so that nothing of them is in it."""
    logs = np.zeros((int(fold.max()) + 1, len(rows.effects)))
    predicted = np.zeros(len(fold))
    for part in range(len(logs)):
        inside = np.flatnonzero(fold == part)
        logs[part] = rows.fitted(np.flatnonzero(fold != part), converged=CONVERGED)
        predicted[inside] = np.exp(rows.predicted(logs[part], inside))
    return LeftOut(fold, logs, predicted)
