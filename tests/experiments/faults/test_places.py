"""Malformed scenarios reach every value that a scenario can hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from edge_llm_env.scenarios.loading import list_scenarios, preset_content
from experiments.faults.schema.places import KEY, filled, having, places
from experiments.faults.schema.values import resolved, scenario_schema

PATHS = {place.path for place in places()}

NESTING = {"$ref", "anyOf", "oneOf", "properties", "items", "prefixItems", "additionalProperties"}
"""Keywords of JSON schema that a value's schema may stand below, in the order of the standard; others hold none."""

PLAIN = {
    "const", "default", "description", "discriminator", "enum", "exclusiveMaximum", "exclusiveMinimum", "format",
    "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum", "neutral", "required", "title", "type",
    "unit",
}  # fmt: skip


def leaves(schema: dict[str, Any], path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of the values below which there are no others."""
    schema = resolved(schema)
    below = [
        *((path, one) for keyword in ("anyOf", "oneOf") for one in schema.get(keyword, ())),
        *(((*path, name), one) for name, one in schema.get("properties", {}).items()),
        *(((*path, at), one) for at, one in enumerate(schema.get("prefixItems", ()))),
        *(((*path, 0), one) for one in [schema.get("items")] if isinstance(one, dict)),
        *(((*path, KEY), one) for one in [schema.get("additionalProperties")] if isinstance(one, dict)),
    ]
    if not below:
        yield path
    for inner, one in below:
        yield from leaves(one, inner)


def written(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of a preset's content; of a list those of its first item."""
    yield path
    if isinstance(value, dict) and path != ("network", "cells"):  # patches of sections, which the schema leaves open
        for key, one in value.items():
            yield from written(one, (*path, KEY if (*path, KEY) in PATHS else key))
    elif isinstance(value, list) and value:
        yield from written(value[0], (*path, 0))


def test_every_leaf_of_the_schema_is_a_place() -> None:
    assert set(leaves(scenario_schema())) - PATHS == set()


def test_the_schema_nests_by_keywords_that_are_followed() -> None:
    schemas = [scenario_schema() | {"$defs": {}}, *scenario_schema()["$defs"].values()]
    found = set()
    while schemas:
        schema = schemas.pop()
        found |= set(schema) - {"$defs"}
        for keyword in ("anyOf", "oneOf", "prefixItems"):
            schemas += schema.get(keyword, ())
        schemas += schema.get("properties", {}).values()
        schemas += [one for one in map(schema.get, ("items", "additionalProperties")) if isinstance(one, dict)]
    assert found - NESTING - PLAIN == set()


@pytest.mark.parametrize("preset", list_scenarios())
def test_all_that_a_preset_holds_is_a_place(preset: str) -> None:
    content = preset_content(preset)
    kept = {path for path in written(content) if path}
    assert kept - PATHS == set()


def test_what_is_absent_on_the_way_to_a_place_is_filled() -> None:
    for place in places():
        for preset in (having(place, list_scenarios())[0], "carry-over"):
            content = preset_content(preset)
            section: Any = filled(content, place)
            reached: Any = content
            for step in place.path[:-1]:
                reached = reached[step]
            assert reached is section, place.dotted
            assert isinstance(section, list) == isinstance(place.path[-1], int), place.dotted
            kind = place.sections[-1].schema.get("properties", {}).get("kind", {})
            assert "const" not in kind or section["kind"] == kind["const"], place.dotted


def test_presets_that_have_a_section_of_the_kind_are_found() -> None:
    place = next(one for one in places() if one.dotted == "workload.tasks.kinds.0.p90_calls")
    assert "agents-chain" in having(place, list_scenarios())
    assert "carry-over" not in having(place, list_scenarios())
