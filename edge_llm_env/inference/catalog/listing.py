"""The catalogue as text: one table per kind of entry, and where its values come from."""

from __future__ import annotations

import argparse
from typing import Any

from edge_llm_env.inference.catalog.reading import TABLES, Entry, table
from edge_llm_env.support.tables import Table


def add_command(commands: Any) -> None:
    """Add `catalog` to the subparsers of a command line."""
    command = commands.add_parser("catalog", help="decoders, devices, engines and precisions with their sources")
    command.add_argument("table", nargs="?", choices=TABLES, help="one table; all of them if left out")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the tables; the exit status."""
    print("\n\n".join(as_text(name) for name in ([options.table] if options.table else TABLES)))
    return 0


def as_text(name: str) -> str:
    """A catalogue table with a row per entry; values marked * are assumed, and sources stand below.

    `name` is one of `TABLES`.
    """
    entries = table(name)
    fields = list(dict.fromkeys(field for values in entries.values() for field in values))
    rows = [[entry, *(_cell(values.get(field)) for field in fields)] for entry, values in entries.items()]
    lines = [Table([name, *fields], rows).text(), "", "* assumed. Sources:"]
    return "\n".join(lines + [line for entry, values in entries.items() for line in _sources(entry, values)])


def _cell(entry: Entry | None) -> str:
    if entry is None:
        return "-"
    return f"{_written(entry.value)}*" if entry.assumed else _written(entry.value)


def _written(value: bool | float | str | list[float]) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(_written(one) for one in value)
    return value if isinstance(value, str) else f"{value:g}"


def _sources(entry: str, values: dict[str, Entry]) -> list[str]:
    """One line per source: of the whole entry, or of the fields that it holds for."""
    fields_of: dict[str, list[str]] = {}
    for field, value in values.items():
        fields_of.setdefault(value.source, []).append(field)
    if len(fields_of) == 1:
        return [f"  {entry}: {source}" for source in fields_of]
    return [f"  {entry}, {', '.join(fields)}: {source}" for source, fields in fields_of.items()]
