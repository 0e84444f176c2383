"""Predictions of every published row, in sample and by fits that leave it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.inference.catalog import load_decoder
from edge_llm_env.inference.factors.alike import Alike
from edge_llm_env.inference.factors.moments import alike
from edge_llm_env.inference.factors.regression import Row, Rows
from edge_llm_env.inference.validation.errors import Predicted
from edge_llm_env.inference.validation.fitting import arrays, row
from edge_llm_env.inference.validation.left_out import LeftOut, folds_of, left_out
from edge_llm_env.inference.validation.measurements import Measurement
from edge_llm_env.inference.validation.one_measured import (
    Told,
    after_one,
    alike_pairs,
    by_factors,
    of_any_phase,
    of_one_phase,
)

SOURCE_FOLDS = 8
"""Parts that sources are divided into: some fifteen in each."""

MODEL_FOLDS = 12
"""Parts that decoders are divided into: some three in each."""


class Predictions(NamedTuple):
    """Rows with their predictions, by what the fit left out."""

    in_sample: list[Predicted]
    device: list[Predicted]
    """Without the board, whose power modes are left out together."""
    model: list[Predicted]
    """Without the decoder, and others of its shape."""
    source: list[Predicted]
    one_measured: list[Predicted]
    """Without the board, but given one other row of the same phase and source; of times, where there is another."""
    any_measured: list[Predicted]
    """The same, given any row of the device and engine, of whatever phase and source."""
    scenario_measured: list[Predicted]
    """As `one_measured`, by the factors of a scenario's machine."""
    told: list[tuple[Measurement, Predicted]]
    """As `any_measured`, each given row with each that it tells of."""
    alike: list[Alike]
    """What residuals of one machine have in common, by rows without their board; of times."""
    engine_seen: list[bool]
    """Whether the fit without the board had rows of the engine."""
    machine_seen: list[bool]
    """Whether the fit without the decoder had rows of the device with the engine."""

    def plus(self, other: Predictions) -> Predictions:
        """All rows of both."""
        return Predictions(
            self.in_sample + other.in_sample,
            self.device + other.device,
            self.model + other.model,
            self.source + other.source,
            self.one_measured + other.one_measured,
            self.any_measured + other.any_measured,
            self.scenario_measured + other.scenario_measured,
            self.told + other.told,
            self.alike + other.alike,
            self.engine_seen + other.engine_seen,
            self.machine_seen + other.machine_seen,
        )


def predictions(
    measurements: Sequence[Measurement],
    folds: int | None = None,
    source_folds: int = SOURCE_FOLDS,
    model_folds: int = MODEL_FOLDS,
) -> Predictions:
    """Predictions of rows, none of which `refused` refuses; times and memory are fitted apart.

    Boards are left out one by one, or in so many parts; sources and decoders in parts.
    """
    of_times = [one for one in measurements if one.metric != "memory"]
    of_memory = [one for one in measurements if one.metric == "memory"]
    found = Predictions([], [], [], [], [], [], [], [], [], [], [])
    for rows in (of_times, of_memory):
        if rows:
            found = found.plus(_predictions(rows, folds, source_folds, model_folds))
    return found


def _predictions(
    measurements: list[Measurement], folds: int | None, source_folds: int, model_folds: int
) -> Predictions:
    taken_apart: list[Row] = [row(one) for one in measurements]
    rows: Rows = arrays(taken_apart)
    everything = np.arange(len(measurements))
    fit = np.exp(rows.predicted(rows.fitted(everything), everything))

    def without(of: Callable[[Measurement], object], number: int | None) -> LeftOut:
        return left_out(rows, folds_of([str(of(one)) for one in measurements], number))

    board = without(lambda one: one.board, folds)
    model = without(lambda one: load_decoder(one.decoder).shape, model_folds)
    source = without(lambda one: one.source, source_folds)

    one_given: list[Told] = []
    any_given: list[Told] = []
    in_scenarios: list[Told] = []
    common: list[Alike] = []
    if measurements[0].metric != "memory":
        one_given = after_one(measurements, board, of_one_phase)
        any_given = after_one(measurements, board, of_any_phase)
        in_scenarios = by_factors(measurements, taken_apart, rows, board, of_one_phase)
        common = [alike(alike_pairs(measurements, board))]

    def given(told: Sequence[Told]) -> list[Predicted]:
        values: dict[int, list[float]] = {}
        for one in told:
            values.setdefault(one.row, []).append(one.value)
        return [Predicted(measurements[i], tuple(of_row)) for i, of_row in sorted(values.items())]

    def predicted(values: NDArray[np.float64]) -> list[Predicted]:
        return [Predicted(one, (float(value),)) for one, value in zip(measurements, values, strict=True)]

    return Predictions(
        predicted(fit),
        predicted(board.predicted),
        predicted(model.predicted),
        predicted(source.predicted),
        given(one_given),
        given(any_given),
        given(in_scenarios),
        [(measurements[one.given], Predicted(measurements[one.row], (one.value,))) for one in any_given],
        common,
        _seen([one.engine for one in measurements], board.fold),
        _seen([f"{one.device}/{one.engine}" for one in measurements], model.fold),
    )


def _seen(names: Sequence[str], fold: NDArray[np.intp]) -> list[bool]:
    """Whether rows of the same name are in other parts than a row's own."""
    in_parts: dict[str, set[int]] = {}
    for name, part in zip(names, fold.tolist(), strict=True):
        in_parts.setdefault(name, set()).add(part)
    return [len(in_parts[name]) > 1 for name in names]
