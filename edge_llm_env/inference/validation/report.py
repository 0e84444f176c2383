"""The errors of the roofline model on published measurements, in and out of sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from edge_llm_env.inference.validation.disagreements import disagreement, floors, one_factor
from edge_llm_env.inference.validation.errors import Predicted, by_phase, errors, summary, told_errors
from edge_llm_env.inference.validation.fitting import refused
from edge_llm_env.inference.validation.measurements import Measurement, published_measurements
from edge_llm_env.inference.validation.one_measured import of_one_phase
from edge_llm_env.inference.validation.predictions import MODEL_FOLDS, SOURCE_FOLDS, Predictions, predictions
from edge_llm_env.inference.validation.spreads import spreads
from edge_llm_env.inference.validation.targets import (
    against_targets,
    bad_kinds,
    mixture_prefills,
    published,
    worst_groups,
)

FITS = ("in_sample", "device", "model", "source", "one_measured", "any_measured", "scenario_measured")
"""What the fit left out, and what it was given of that: as of `Predictions`."""


def validation_report(
    measurements: Sequence[Measurement] | None = None,
    *,
    folds: int | None = None,
    source_folds: int = SOURCE_FOLDS,
    model_folds: int = MODEL_FOLDS,
) -> dict[str, Any]:
    """Errors by fit, phase and kind, targets, spreads and every row, as JSON can hold them.

    Without measurements, of all that are published. Boards are left out one by one, or in `folds` parts, sources in
    `source_folds` and decoders in `model_folds`.
    """
    rows = published_measurements() if measurements is None else measurements
    usable = [one for one in rows if refused(one) is None]
    found = predictions(usable, folds, source_folds, model_folds)
    by_fit: dict[str, list[Predicted]] = {fit: getattr(found, fit) for fit in FITS}
    return {
        "rows": len(rows),
        "refused": dict(Counter(reason for one in rows if (reason := refused(one)) is not None)),
        "lengths_assumed": sum(not one.lengths_published for one in usable),
        "folds": {"boards": folds, "sources": source_folds, "decoders": model_folds},
        "errors": {fit: errors(published(predicted)) for fit, predicted in by_fit.items()},
        "errors_with_assumed_lengths": {fit: _assumed(predicted) for fit, predicted in by_fit.items()},
        "targets": against_targets(found),
        "told": told_errors(
            [(given, one) for given, one in found.told if one.measurement.lengths_published], found.device
        ),
        "kinds_above_40_percent": bad_kinds(found),
        "worst_groups": worst_groups(found),
        "mixture_prefills": mixture_prefills(found),
        "disagreement": disagreement(published_only(usable)),
        "floors": floors(published(found.in_sample), published(found.device)),
        "one_factor": one_factor(published(found.device), of_one_phase),
        "alike": found.alike[0]._asdict(),
        "spreads": spreads(_classes(found)),
        "predictions": _records(found),
    }


def published_only(measurements: Sequence[Measurement]) -> list[Measurement]:
    """Rows whose lengths are published."""
    return [one for one in measurements if one.lengths_published]


def _assumed(rows: Sequence[Predicted]) -> dict[str, dict[str, float]]:
    assumed = [one for one in rows if not one.measurement.lengths_published]
    return {phase: summary(of_phase) for phase, of_phase in by_phase(assumed).items()}


def _classes(found: Predictions) -> dict[str, list[Predicted]]:
    """Rows by what a prediction of them follows from, as of `spreads.CLASSES`."""
    return {
        "after one measurement": found.one_measured,
        "machine measured": [one for one, seen in zip(found.model, found.machine_seen, strict=True) if seen],
        "engine measured": [one for one, seen in zip(found.device, found.engine_seen, strict=True) if seen],
        "nothing measured": [one for one, seen in zip(found.device, found.engine_seen, strict=True) if not seen],
    }


def _records(found: Predictions) -> list[dict[str, Any]]:
    """Every row with its predictions, of which those after one measurement are left out: there are several."""
    fits = ("in_sample", "device", "model", "source")
    columns = zip(*(getattr(found, fit) for fit in fits), strict=True)
    return [
        of_row[0].measurement._asdict()
        | {"phase": of_row[0].measurement.phase}
        | {"predicted": {fit: float(f"{one.values[0]:.5g}") for fit, one in zip(fits, of_row, strict=True)}}
        for of_row in columns
    ]
