"""How far off predictions of left-out rows were, by kind of value and by how much was known of the machine."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files

from edge_llm_env.inference.device import Device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.validation.measurements import published_measurements
from edge_llm_env.inference.validation.spreads import CLASSES

ROWS_OF = {
    "prefill": ("prefill", "throughput"),
    "decode": ("decode", "throughput"),
    "decode, batch > 1": ("decode", "throughput"),
    "memory": ("memory",),
}
"""Kind of value → metrics of rows that tell something about it."""


@cache
def fitted_spreads() -> Mapping[str, Mapping[str, float]]:
    """Kind → class → half width in logarithms within which two thirds of left-out rows lie."""
    text = files("edge_llm_env.inference.factors").joinpath("fitted.json").read_text(encoding="utf-8")
    spreads: Mapping[str, Mapping[str, float]] = json.loads(text).get("spreads", {})
    return spreads


def classes(kind: str, device: Device, engine: Engine, measured: Collection[str] = ()) -> tuple[str, ...]:
    """The class of a case and the wider ones, the narrowest first; `measured`: the kinds that its user measured."""
    rows = [row for row in published_measurements() if row.metric in ROWS_OF[kind] and row.engine == engine.name]
    if any(row.device == device.name for row in rows):
        own = "machine measured"
    else:
        own = "engine measured" if rows else "nothing measured"
    wider = CLASSES[CLASSES.index(own) :]
    return (CLASSES[0], *wider) if kind in measured else wider


def spread(kind: str, of_classes: tuple[str, ...]) -> tuple[str, float | None]:
    """The first of those classes in which rows of the kind were left out, and its spread, or ("", None)."""
    known = fitted_spreads().get(kind, {})
    return next(((one, known[one]) for one in of_classes if one in known), ("", None))
