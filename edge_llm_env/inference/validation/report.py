"""The errors of both cost models on all published measurements, in and out of sample."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from statistics import mean
from typing import Any

from edge_llm_env.inference.catalog import load_decoder, load_efficiency
from edge_llm_env.inference.validation.fitting import fitted
from edge_llm_env.inference.validation.measurements import (
    Measurement,
    paper_prediction,
    published_measurements,
    roofline_prediction,
)
from edge_llm_env.support.tables import NO_VALUE, Table

ORIN = "jetson-agx-orin-64gb"
"""The device that most measurements are of, and that the stated targets are for."""

FITS = ("fitted", "new_model", "new_device")
"""Fits to all rows, to those of other models, and to those of other devices: the last two err out of sample."""


def validation_report() -> dict[str, Any]:
    """Parameters, errors and every row, as JSON can hold them; errors are relative, (predicted - measured)/measured.

    `errors` has for each fit and for the paper's model the mean absolute error by phase, and for all of these by
    device and by precision. "decode, all" is decode whatever the batch.
    """
    rows = published_measurements()
    parameters = fitted(rows, load_efficiency())
    predictions = {
        "fitted": [roofline_prediction(row, parameters) for row in rows],
        "new_model": _predicted_by_the_others(rows, lambda row: load_decoder(row.decoder).shape),
        "new_device": _predicted_by_the_others(rows, lambda row: row.device.removesuffix("-super")),
        "paper": [paper_prediction(row) for row in rows],
    }
    records: list[dict[str, Any]] = []
    for i, row in enumerate(rows):
        predicted = {name: values[i] for name, values in predictions.items()}
        errors = {name: value / row.value - 1.0 for name, value in predicted.items()}
        records.append(row._asdict() | {"phase": row.phase, "predicted": predicted, "error": errors})
    return {
        "parameters": parameters.model_dump(),
        "errors": {name: _errors(records, name) for name in predictions},
        "errors_on_agx_orin": {
            name: _by_phase([record for record in records if record["device"] == ORIN], name) for name in predictions
        },
        "rows": records,
    }


def _predicted_by_the_others(rows: Sequence[Measurement], group_of: Callable[[Measurement], Hashable]) -> list[float]:
    """Each row's prediction by parameters that were fitted to the rows of all other groups."""
    groups = [group_of(row) for row in rows]
    start = load_efficiency()
    parameters = {
        left_out: fitted([row for row, group in zip(rows, groups, strict=True) if group != left_out], start)
        for left_out in set(groups)
    }
    return [roofline_prediction(row, parameters[group]) for row, group in zip(rows, groups, strict=True)]


def _errors(records: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    def split(field: str) -> dict[str, Any]:
        values = sorted({record[field] for record in records})
        return {value: _by_phase([record for record in records if record[field] == value], name) for value in values}

    return {"all": _by_phase(records, name), "device": split("device"), "precision": split("precision")}


def _by_phase(records: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """Rows, mean absolute and mean error by phase."""
    errors: dict[str, list[float]] = {}
    for record in records:
        phases = {record["phase"], "decode, all"} if record["metric"] == "decode" else {record["phase"]}
        for phase in phases:
            errors.setdefault(phase, []).append(record["error"][name])
    return {
        phase: {"rows": len(values), "mape": mean(map(abs, values)), "bias": mean(values)}
        for phase, values in sorted(errors.items())
    }


def as_text(report: dict[str, Any]) -> str:
    """The report as tables of mean absolute percentage errors, rows in brackets."""
    parameters = [(name, f"{value:.4g}") for name, value in report["parameters"].items()]
    parts = [Table(("parameter", "fitted to all rows"), parameters)]
    phases = ["prefill", "decode", "decode, batch > 1", "decode, all", "memory"]
    tables = {
        "Mean absolute percentage error [rows]": {name: part["all"] for name, part in report["errors"].items()},
        "On Jetson AGX Orin": report["errors_on_agx_orin"],
        "Fitted to all rows, by device": report["errors"]["fitted"]["device"],
        "By device, fitted to all other devices": report["errors"]["new_device"]["device"],
        "Fitted to all rows, by precision": report["errors"]["fitted"]["precision"],
    }
    parts += [
        Table((title, *phases), [(name, *(_cell(part.get(phase)) for phase in phases)) for name, part in named.items()])
        for title, named in tables.items()
    ]
    return "\n\n".join(part.text() for part in parts)


def _cell(entry: dict[str, Any] | None) -> str:
    return NO_VALUE if entry is None else f"{entry['mape']:.1%} [{entry['rows']}]"
