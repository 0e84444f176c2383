"""A scenario's content with changes laid over it: what `extends` and cells do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes` over it, section by section and field by field.

    A field is replaced whole, but a table without a `kind` lies over one that has a kind: it changes some of its keys.
    """
    result = dict(base)
    for key, value in changes.items():
        is_section = key in base and isinstance(value, dict) and isinstance(base[key], dict)
        result[key] = _with_fields(base[key], value) if is_section else value
    return result


def _with_fields(section: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result = dict(section)
    for field, value in changes.items():
        below = section.get(field)
        keeps_kind = isinstance(below, dict) and "kind" in below and isinstance(value, dict) and "kind" not in value
        result[field] = below | value if keeps_kind else value
    return result
