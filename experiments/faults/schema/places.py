"""Every place of a scenario that can hold a value, from its JSON schema: in optional sections, lists and tables too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from edge_llm_env.scenarios.loading import preset_content
from experiments.faults.schema.values import TEXTS, Schema, resolved, scenario_schema

KEY = "node.device"
"""Stands for any key of a table whose keys are not in the schema, as those of `provenance`."""

Step = str | int
"""Into a section or table by its key, into a list by its index."""


class Section(NamedTuple):
    """What holds other values: a section of one of its kinds, a table or a list."""

    path: tuple[Step, ...]
    schema: Schema


class Place(NamedTuple):
    """A value's place in a scenario."""

    path: tuple[Step, ...]
    sections: tuple[Section, ...]
    """What it is in, from the scenario itself down to the section, table or list that holds it."""

    @property
    def dotted(self) -> str:
        """As errors write it."""
        return ".".join(map(str, self.path))


@cache
def places() -> tuple[Place, ...]:
    """All of them; one that several kinds of a section have is there for each kind."""
    return tuple(_below((), scenario_schema(), ()))


def _below(path: tuple[Step, ...], schema: Schema, above: tuple[Section, ...]) -> Iterator[Place]:
    schema = resolved(schema)
    for member in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        yield from _below(path, member, above)
    sections = (*above, Section(path, schema))
    for step, value in _steps(schema).items():
        yield Place((*path, step), sections)
        yield from _below((*path, step), value, sections)


def _steps(schema: Schema) -> dict[Step, Schema]:
    """What a section, table or list holds, by the step into it; of a list without end the first item."""
    found: dict[Step, Schema] = dict(schema.get("properties", {}))
    if isinstance(schema.get("additionalProperties"), dict):
        found[KEY] = schema["additionalProperties"]
    found |= dict(enumerate(schema.get("prefixItems", ())))
    return found | ({0: schema["items"]} if "items" in schema else {})


def having(place: Place, presets: Sequence[str]) -> tuple[str, ...]:
    """Those of the presets that have most of the sections, tables and lists which the place is in."""
    for depth in range(len(place.sections), 0, -1):
        kinds = tuple(_kind(section.schema) for section in place.sections[:depth])
        if found := tuple(name for name in presets if _has(name, place.sections[depth - 1].path, kinds)):
            return found
    return tuple(presets)


def _kind(schema: Schema) -> str | None:
    return schema.get("properties", {}).get("kind", {}).get("const")


@cache
def _has(preset: str, path: tuple[Step, ...], kinds: tuple[str | None, ...]) -> bool:
    value: Any = preset_content(preset)
    for kind, step in zip(kinds, (*path, None), strict=True):
        if kind is not None and _at(value, "kind") != kind:
            return False
        if step is not None:
            value = _at(value, step)
    return isinstance(value, dict | list)


def _at(holder: Any, step: Step) -> Any:
    """What a section, table or list holds at a step into it; None where it holds nothing there."""
    try:
        return holder[step]
    except (KeyError, IndexError, TypeError):
        return None


def filled(content: dict[str, Any], place: Place) -> Any:
    """What holds the place in a scenario's content: a section of its kind, table or list.

    What is absent on the way there, or of another kind, is replaced by the smallest that the schema allows.
    """
    here: Any = content
    for section in place.sections[1:]:
        step = section.path[-1]
        there = _at(here, step)
        if not _is_of(there, section.schema):
            here[step] = there = smallest(str(step), section.schema)
        here = there
        if isinstance(here, list) and not here:
            here.append(smallest(str(step), _steps(section.schema)[0]))
    return here


def _is_of(value: Any, schema: Schema) -> bool:
    if schema.get("type") == "array":
        return isinstance(value, list)
    return isinstance(value, dict) and _kind(schema) in (None, value.get("kind"))


def smallest(name: str, schema: Schema) -> Any:
    """The value with the least in it that a schema allows; numbers are 1 where they can be."""
    schema = resolved(schema)
    if members := schema.get("anyOf") or schema.get("oneOf"):
        return smallest(name, members[0])
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    of_type = schema.get("type")
    if of_type == "object":
        required = schema.get("required", ())
        below = {key: resolved(one) for key, one in schema.get("properties", {}).items()}
        return {key: smallest(key, one) for key, one in below.items() if key in required or "const" in one}
    if of_type == "array":
        few = max(schema.get("minItems", 0), len(schema.get("prefixItems", ())), 1)
        return [smallest(name, one) for one in schema.get("prefixItems", ()) or [schema["items"]] * few]
    if of_type == "boolean":
        return False
    if of_type in ("number", "integer"):
        return min(max(1, schema.get("minimum", 1)), schema.get("maximum", 1))
    return (*TEXTS.get(name, ()), KEY)[0]
