"""The fit of effects to measured times: a hierarchical regression that is linear in logarithms of the factors.

A time is a sum of terms, each a known amount times the product of its effects. Effects have a normal prior in
logarithms, residuals a Cauchy-like weight, so that a row that contradicts the others bends nothing. The most probable
effects are found by iterated reweighted Gauss-Newton steps (Huber and Ronchetti, Robust Statistics, 2009, §7.8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve
from scipy.sparse import csr_array

from edge_llm_env.support import elementary

RESIDUAL = 0.1
"""Residuals, in logarithms, of rows that the model describes; beyond `LARGE` a row loses weight."""

LARGE = 1.5 * RESIDUAL
"""The residual, in logarithms, at which a row weighs half."""

TRUSTED_RESIDUAL = 0.05
"""Residuals, in logarithms, of what a user measured on the machine that is asked about."""

STEPS = 60
"""Most Gauss-Newton steps."""

STEP_SHARE = 0.6
"""Part of a step that is taken: whole ones swing about an effect that only small terms depend on."""

CONVERGED = 1e-5
"""Largest change of a logarithm at which the steps end."""


OVERLAP = 4.0
"""How well the shorter of two parts is hidden behind the longer: (a⁻⁴ + b⁻⁴)^(-1/4) is, 84 % of each if they are equal.

Assumed. A sharp minimum would be 100 %, and leave the fit a kink to swing about.
"""


def hidden_s(one_s: float, other_s: float) -> float:
    """Of two times (s) that overlap, what does not add: nearly all of one that is far shorter."""
    if min(one_s, other_s) <= 0.0:
        return 0.0
    return float((one_s**-OVERLAP + other_s**-OVERLAP) ** (-1.0 / OVERLAP))


class Row(NamedTuple):
    """One measured time, taken apart."""

    amounts: Mapping[str, float]
    """Term → seconds at a factor of one."""
    effects: Mapping[str, tuple[str, ...]]
    """Term → effects that multiply it."""
    hidden: Mapping[str, float]
    """Term → the part of it that overlaps with that of the others (s at a factor of one)."""
    value: float
    """Seconds."""


class Prior(NamedTuple):
    """What is known of an effect before the rows: the logarithm's mean and spread."""

    mean: float
    spread: float


class Rows:
    """Rows as arrays, from which predictions and fits are made."""

    def __init__(self, rows: Sequence[Row], priors: Mapping[str, Prior]) -> None:
        """Rows whose effects all have a prior."""
        self.effects = sorted({name for row in rows for names in row.effects.values() for name in names})
        index = {name: i for i, name in enumerate(self.effects)}
        self.mean = np.array([priors[name].mean for name in self.effects])
        self.spread = np.array([priors[name].spread for name in self.effects])
        self.logs = elementary.log([row.value for row in rows])
        terms = sorted({term for row in rows for term in row.amounts})
        self._amounts = np.array([[row.amounts.get(term, 0.0) for term in terms] for row in rows])
        self._hidden = np.array([[row.hidden.get(term, 0.0) for term in terms] for row in rows])
        deepest = max(len(names) for row in rows for names in row.effects.values())
        # Where a term has fewer effects, or is not in a row, the index past the last names an effect of one.
        self._indices = np.full((len(rows), len(terms), deepest), len(self.effects))
        for i, row in enumerate(rows):
            for j, term in enumerate(terms):
                names = row.effects.get(term, ())
                self._indices[i, j, : len(names)] = [index[name] for name in names]

    def predicted(self, logs: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Logarithms of the times of those rows (indices)."""
        return elementary.log(self.parts(logs, rows).sum(axis=1))

    def parts(self, logs: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Seconds of each term in each row, less what is hidden: so much of each as its derivative tells."""
        factors = elementary.exp(np.append(logs, 0.0)[self._indices[rows]].sum(axis=2))
        parts = self._amounts[rows] * factors
        behind = self._hidden[rows] * factors
        both = np.flatnonzero((behind > 0.0).sum(axis=1) == 2)
        powers = elementary.power(np.where(behind[both] > 0.0, behind[both], np.inf), -OVERLAP)
        totals = powers.sum(axis=1, keepdims=True)
        parts[both] -= powers / totals * elementary.power(totals, -1.0 / OVERLAP)
        return parts

    def slopes(self, parts: NDArray[np.float64], rows: NDArray[np.intp]) -> csr_array:
        """Derivatives of the logarithms of times by those of effects, (rows, effects)."""
        indices = self._indices[rows]
        shares = np.broadcast_to((parts / parts.sum(axis=1, keepdims=True))[:, :, None], indices.shape)
        there = (indices < len(self.effects)) & (shares > 0.0)
        numbers = np.broadcast_to(np.arange(len(rows))[:, None, None], indices.shape)
        shape = (len(rows), len(self.effects))
        return csr_array((shares[there], (numbers[there], indices[there])), shape=shape)

    def fitted(
        self,
        rows: NDArray[np.intp],
        start: NDArray[np.float64] | None = None,
        *,
        converged: float = CONVERGED,
        trusted: bool = False,
    ) -> NDArray[np.float64]:
        """The most probable logarithms of the effects, given those rows (indices).

        Rows that are `trusted` keep their weight however far off they are, with residuals of `TRUSTED_RESIDUAL`.
        A step solves for the residuals of rows, which are fewer than effects: with slopes S, prior variances D and
        variances V of residuals r, effects go to mean + D·Sᵀ·(S·D·Sᵀ + V)⁻¹·(r + S·(logs - mean)).
        """
        logs = self.mean.copy() if start is None else start.copy()
        variance = self.spread**2
        for _ in range(STEPS):
            parts = self.parts(logs, rows)
            slopes = self.slopes(parts, rows)
            residual = self.logs[rows] - elementary.log(parts.sum(axis=1))
            spread = slopes * variance
            noise = RESIDUAL**2 * (1.0 + (residual / LARGE) ** 2)
            if trusted:
                noise = np.full(len(rows), TRUSTED_RESIDUAL**2)
            covariance = (spread @ slopes.T).toarray() + np.diag(noise)
            pulled = solve(covariance, residual + slopes @ (logs - self.mean), assume_a="pos")
            step = self.mean + spread.T @ pulled - logs
            logs = logs + np.clip(STEP_SHARE * step, -0.5, 0.5)
            if np.abs(step).max() < converged:
                break
        return logs
