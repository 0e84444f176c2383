"""Predictions of every published row, in sample and by fits that leave it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.inference.catalog import load_decoder
from edge_llm_env.inference.factors.regression import Row, Rows
from edge_llm_env.inference.validation.errors import Predicted
from edge_llm_env.inference.validation.fitting import arrays, row
from edge_llm_env.inference.validation.left_out import FOLDS, LeftOut, folds_of, left_out
from edge_llm_env.inference.validation.measurements import Measurement
from edge_llm_env.inference.validation.one_measured import after_one

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
    """Without the board, but given one other row of it; of times, where there is another."""
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
            self.engine_seen + other.engine_seen,
            self.machine_seen + other.machine_seen,
        )


def predictions(measurements: Sequence[Measurement], folds: int = FOLDS, model_folds: int = MODEL_FOLDS) -> Predictions:
    """Predictions of rows, none of which `refused` refuses; times and memory are fitted apart."""
    of_times = [one for one in measurements if one.metric != "memory"]
    of_memory = [one for one in measurements if one.metric == "memory"]
    found = Predictions([], [], [], [], [], [], [])
    for rows in (of_times, of_memory):
        if rows:
            found = found.plus(_predictions(rows, folds, model_folds))
    return found


def _predictions(measurements: list[Measurement], folds: int, model_folds: int) -> Predictions:
    taken_apart: list[Row] = [row(one) for one in measurements]
    rows: Rows = arrays(taken_apart)
    everything = np.arange(len(measurements))
    fit = np.exp(rows.predicted(rows.fitted(everything), everything))

    def without(of: Callable[[Measurement], object], number: int) -> LeftOut:
        return left_out(rows, folds_of([str(of(one)) for one in measurements], number))

    board = without(lambda one: one.board, folds)
    model = without(lambda one: load_decoder(one.decoder).shape, model_folds)
    source = without(lambda one: one.source, folds)
    given: dict[int, list[float]] = {}
    if measurements[0].metric != "memory":
        given = after_one(measurements, taken_apart, rows, board)

    def predicted(values: NDArray[np.float64]) -> list[Predicted]:
        return [Predicted(one, (float(value),)) for one, value in zip(measurements, values, strict=True)]

    return Predictions(
        predicted(fit),
        predicted(board.predicted),
        predicted(model.predicted),
        predicted(source.predicted),
        [Predicted(measurements[i], tuple(values)) for i, values in sorted(given.items())],
        _seen([one.engine for one in measurements], board.fold),
        _seen([f"{one.device}/{one.engine}" for one in measurements], model.fold),
    )


def _seen(names: Sequence[str], fold: NDArray[np.intp]) -> list[bool]:
    """Whether rows of the same name are in other parts than a row's own."""
    in_parts: dict[str, set[int]] = {}
    for name, part in zip(names, fold.tolist(), strict=True):
        in_parts.setdefault(name, set()).add(part)
    return [len(in_parts[name]) > 1 for name in names]
