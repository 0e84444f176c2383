"""Values for the fields of a scenario, made from its JSON schema, so that a new field is covered by itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from edge_llm_env.inference.catalog import table
from edge_llm_env.scenarios import Scenario

Schema = dict[str, Any]

TEXTS = {
    "device": tuple(table("devices")),
    "decoder": tuple(table("decoders")),
    "precision": tuple(table("precisions")),
    "engine": tuple(table("engines")),
    "draft": ("head", "lookup", "llama-3.2-1b"),
    "draft_precision": tuple(table("precisions")),
    "link": tuple(table("links")),
    "method": ("", "magnitude", "slicegpt", "sparsegpt", "wanda"),
    "name": ("of-the-campaign",),
    "description": ("a scenario of the campaign",),
    "source": ("drawn by the campaign",),
    "path": (),
    "measured": (),
    "names": (),
}
"""What the schema calls text and is not any text, by the field's name; nothing for what is left as it is."""


class Field(NamedTuple):
    """A field of a scenario."""

    path: tuple[str, ...]
    schema: Schema

    @property
    def dotted(self) -> str:
        """As errors and overrides write it."""
        return ".".join(self.path)


@cache
def scenario_schema() -> Schema:
    """The JSON schema of a scenario."""
    return Scenario.model_json_schema()


def resolved(schema: Schema) -> Schema:
    """A schema, or the one that it refers to."""
    if "$ref" in schema:
        return resolved(scenario_schema()["$defs"][schema["$ref"].rpartition("/")[2]])
    return schema


@cache
def fields() -> tuple[Field, ...]:
    """The fields of every section of a scenario, sections that have kinds by all their kinds, down to plain values."""
    return tuple(_below(Field((), scenario_schema())))


def _below(field: Field) -> Iterator[Field]:
    schema = resolved(field.schema)
    for name, below in schema.get("properties", {}).items():
        yield Field((*field.path, name), below)
        yield from _below(Field((*field.path, name), below))
    for member in schema.get("oneOf", ()):
        yield from _below(Field(field.path, member))


def legal(name: str, schema: Schema, rng: np.random.Generator) -> Any:
    """A value that the field's own schema allows; sections are dictionaries. None where there is nothing to choose."""
    schema = resolved(schema)
    if members := schema.get("anyOf") or schema.get("oneOf"):
        return legal(name, members[rng.integers(len(members))], rng)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][rng.integers(len(schema["enum"]))]
    of_type = schema.get("type")
    if of_type == "object":
        return _section(schema, rng)
    if of_type == "array" and "prefixItems" in schema:
        return [legal(name, one, rng) for one in schema["prefixItems"]]
    if of_type == "array":
        least = schema.get("minItems", 0)
        many = int(rng.integers(least, max(least, min(3, schema.get("maxItems", 3))) + 1))
        items = [legal(name, schema["items"], rng) for _ in range(many)]
        return [item for item in items if item is not None]
    if of_type == "boolean":
        return bool(rng.integers(2))
    if of_type in ("number", "integer"):
        return _number(schema, of_type == "integer", rng)
    if of_type == "null":
        return None
    texts = TEXTS[name]  # a text that is no name of a catalogue needs an entry
    return texts[rng.integers(len(texts))] if texts else None


def _section(schema: Schema, rng: np.random.Generator) -> dict[str, Any]:
    required = schema.get("required", ())
    drawn = {}
    for name, field in schema.get("properties", {}).items():
        if name in required or rng.random() < 0.5:
            value = legal(name, field, rng)
            if value is not None or name in required:
                drawn[name] = value
    return drawn


def _number(schema: Schema, whole: bool, rng: np.random.Generator) -> float | int:
    """Mostly of a usual size, else anywhere within the bounds, and their very ends."""
    low, high = _ends(schema, whole)
    way = rng.random()
    if way < 0.2 and np.isfinite(end := low if way < 0.1 else high):
        value = end
    elif way < 0.6 and np.isfinite(high - low):
        value = low + (high - low) * rng.random()
    else:
        sign = 1.0 if low >= 0 or rng.random() < 0.5 else -1.0
        value = min(max(sign * 10.0 ** rng.uniform(-3, 4), low), high)
    return round(value) if whole else value


def _ends(schema: Schema, whole: bool) -> tuple[float, float]:
    """The least and the largest number that the schema allows; infinite where there is none."""
    low, high = float(schema.get("minimum", -np.inf)), float(schema.get("maximum", np.inf))
    if "exclusiveMinimum" in schema:
        above = float(schema["exclusiveMinimum"])
        low = above + 1 if whole else float(np.nextafter(above, np.inf))
    if "exclusiveMaximum" in schema:
        below = float(schema["exclusiveMaximum"])
        high = below - 1 if whole else float(np.nextafter(below, -np.inf))
    return low, high
