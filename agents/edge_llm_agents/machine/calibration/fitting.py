"""An engine's factors fitted to what was measured, by the hierarchy of the cost model, and how far off they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from edge_llm_agents.machine.backends.points import Measurement
from edge_llm_env.inference.factors.effects import engine_effect
from edge_llm_env.inference.factors.fitted import fitted_effects
from edge_llm_env.inference.factors.measured import HELD
from edge_llm_env.inference.factors.priors import prior
from edge_llm_env.inference.factors.regression import Prior, Row, Rows
from edge_llm_env.inference.factors.rows import Case, row_of
from edge_llm_env.inference.factors.terms import TERMS

WIDE = 2.0
"""Spread of the engine's own effects, in logarithms: nothing is known of them beforehand."""

WITHIN = 2.0 / 3.0
"""Share of points that an interval holds, as those of published measurements do."""


SLOW = 0.05
"""Share of rounds that plans need not allow for."""


class Fit(NamedTuple):
    """Factors of an engine on terms of time, and errors of predictions by them."""

    factors: dict[str, float]
    """Term → effect of the engine."""
    errors: list[tuple[Measurement, float]]
    """Each measurement with predicted / measured - 1."""

    def largest_error(self, *, held_out: bool) -> float:
        """Largest error, as a share, of the points held out or of those fitted to; 0 where there is none."""
        return max((abs(error) for one, error in self.errors if one.point.held_out is held_out), default=0.0)

    def interval(self) -> float:
        """Half width in logarithms within which two thirds of the points held out lie; of all where there is none."""
        held_out = [error for one, error in self.errors if one.point.held_out] or [error for _, error in self.errors]
        return float(np.quantile(np.abs(np.log1p(held_out)), WITHIN))

    def slowdown(self) -> float:
        """By which share the slowest twentieth of rounds over all points took longer than the median one.

        It is what the machine does by itself, whatever the model says: 0 where points were measured once.
        """
        times_s = [one.times_s for one, _ in self.errors]
        rounds_s = [sum(of_round) for of_round in zip(*times_s, strict=False)]
        return float(np.quantile(rounds_s, 1.0 - SLOW) / np.median(rounds_s) - 1.0)


def fit(case: Case, measured: Sequence[Measurement]) -> Fit:
    """The factors of `case.engine` on terms of which something was measured.

    Effects above the engine's, of a kind of device or of a term everywhere, stay as published measurements have them;
    the engine's own are free. Raises ValueError where nothing that is to be fitted to was measured.
    """
    fitted_to = [one for one in measured if not one.point.held_out]
    if not fitted_to:
        raise ValueError("measured: has no point to fit to, must have one at least")
    rows = [_row(case, one) for one in measured]
    names = {name for row in rows for of_term in row.effects.values() for name in of_term}
    own = {engine_effect(term, case.engine): term for term in TERMS}
    arrays = Rows(rows, {name: _prior(name, name in own) for name in names})
    logs = arrays.fitted(np.array([i for i, one in enumerate(measured) if not one.point.held_out]), trusted=True)
    predicted_s = np.exp(arrays.predicted(logs, np.arange(len(rows))))
    factors = {own[name]: math.exp(log) for name, log in zip(arrays.effects, logs.tolist(), strict=True) if name in own}
    errors = [(one, float(seconds) / one.seconds - 1.0) for one, seconds in zip(measured, predicted_s, strict=True)]
    return Fit(factors, errors)


def _row(case: Case, one: Measurement) -> Row:
    point = one.point
    if point.metric == "prefill":
        return row_of(case, "prefill", point.batch, point.tokens, 1, one.seconds)
    return row_of(case, "decode", point.batch, point.tokens - 1, 2, one.seconds)


def _prior(name: str, own: bool) -> Prior:
    expected, known = prior(name), fitted_effects()
    if own:
        return Prior(expected.mean, WIDE)
    return Prior(math.log(known[name]) if name in known else expected.mean, HELD)
