"""The tables of the pages on records and on reporting, made from what the packages name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from edge_llm_agents.protocol.rules import BUDGETS, COMPETES, KNOWLEDGE, SPLITS
from edge_llm_agents.records.fields import BESIDE, CELL, EARNED, IDENTITY, PLAYED, PREPARED, PROVENANCE, Field
from edge_llm_env.support.tables import NO_VALUE, Table

RECORDS_PAGE = Path("docs/reference/records.md")
REPORTING_PAGE = Path("docs/how-to/report.md")


def fields_table(*kinds: Mapping[str, Field]) -> Table:
    """The fields of a record."""
    rows = [(f"`{name}`", one.unit or NO_VALUE, one.meaning) for kind in kinds for name, one in kind.items()]
    return Table(("field", "unit", "what it is"), rows)


RECORDS_SECTIONS: dict[str, Callable[[], Table]] = {
    "provenance": partial(fields_table, PROVENANCE),
    "cell": partial(fields_table, CELL),
    "identity": partial(fields_table, IDENTITY),
    "played": partial(fields_table, PLAYED, EARNED, BESIDE),
    "prepared": partial(fields_table, *PREPARED.values()),
}
"""Sections of the page, and what fills them."""


def splits_table() -> Table:
    """The named splits."""
    rows = [
        (f"`{name}`", "`reset(seed=)`" if one.stream is None else f"`Stream.{one.stream.name}`", one.purpose)
        for name, one in SPLITS.items()
    ]
    return Table(("split", "workloads", "what it is for"), rows)


def budgets_table() -> Table:
    """The budgets."""
    rows = [(f"`{name}`", "no limit" if most is None else f"{most:,}") for name, most in BUDGETS.items()]
    return Table(("budget", "decisions"), rows)


def knowledge_table() -> Table:
    """What may be known."""
    rows = [(f"`{name}`", what, "yes" if name in COMPETES else "no") for name, what in KNOWLEDGE.items()]
    return Table(("level", "what may be known", "ranked"), rows)


REPORTING_SECTIONS: dict[str, Callable[[], Table]] = {
    "splits": splits_table,
    "budgets": budgets_table,
    "knowledge": knowledge_table,
}
"""Sections of the page on reporting, and what fills them."""
