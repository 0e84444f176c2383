"""The tables of the page on records, made from the fields that `edge_llm_agents.records` names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from edge_llm_agents.records.fields import CELL, IDENTITY, PLAYED, PREPARED, PROVENANCE, Field
from edge_llm_env.support.tables import NO_VALUE, Table

RECORDS_PAGE = Path("docs/reference/records.md")


def fields_table(*kinds: Mapping[str, Field]) -> Table:
    """The fields of a record."""
    rows = [(f"`{name}`", one.unit or NO_VALUE, one.meaning) for kind in kinds for name, one in kind.items()]
    return Table(("field", "unit", "what it is"), rows)


RECORDS_SECTIONS: dict[str, Callable[[], Table]] = {
    "provenance": partial(fields_table, PROVENANCE),
    "cell": partial(fields_table, CELL),
    "identity": partial(fields_table, IDENTITY),
    "played": partial(fields_table, PLAYED),
    "prepared": partial(fields_table, *PREPARED.values()),
}
"""Sections of the page, and what fills them."""
