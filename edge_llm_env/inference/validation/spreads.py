"""The width of intervals: within which factor of a prediction two thirds of the rows of its class lie."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from edge_llm_env.inference.validation.errors import Predicted, by_phase

WITHIN = 2.0 / 3.0
"""Part of the rows."""

FEWEST = 5
"""Rows from which a width is taken; with fewer, the class is taken to be no narrower than those that know more."""

CLASSES = ("after one measurement", "machine measured", "engine measured", "nothing measured")
"""From what a prediction follows, in the order in which it knows less."""


def spread(rows: Sequence[Predicted]) -> float:
    """Half width in logarithms within which two thirds of predictions lie."""
    distances = [abs(math.log(value / one.measurement.value)) for one in rows for value in one.values]
    return float(np.quantile(distances, WITHIN))


def spreads(classes: Mapping[str, Iterable[Predicted]]) -> dict[str, dict[str, float]]:
    """Phase → class → half width in logarithms; ValueError where no class of a phase has rows enough."""
    found: dict[str, dict[str, list[Predicted]]] = {}
    for name in CLASSES:
        for phase, rows in by_phase(classes[name]).items():
            found.setdefault(phase, {})[name] = rows
    return {phase: _of_phase(phase, of_class) for phase, of_class in found.items()}


def _of_phase(phase: str, rows: Mapping[str, list[Predicted]]) -> dict[str, float]:
    known = {name: spread(rows[name]) for name in CLASSES if len(rows.get(name, ())) >= FEWEST}
    if not known:
        raise ValueError(f"measurements: no class of {phase!r} has {FEWEST} rows, so no interval can be told")
    widths: dict[str, float] = {}
    for name in CLASSES:
        few = [*widths.values()] or [min(known.values())]
        widths[name] = known.get(name, max(few))
    return widths
