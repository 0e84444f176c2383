"""The rows of a trace's lines: comma-separated values, or a JSON object per line."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from edge_llm_env.traces.parsing.errors import TraceError, shown

Cells = tuple[Any, ...]
"""Values of the columns asked for, in that order."""
Lines = Iterator[tuple[int, str | ValueError]]
"""Number and text of each line that is not blank, or what is wrong with it."""


def csv_rows(lines: Lines, columns: tuple[str, ...]) -> Iterator[tuple[int, Cells | ValueError]]:
    """Rows of comma-separated values whose first line names the columns.

    Each line is a row of its own, so that a stray quote cannot swallow the next. Raises TraceError for a first line
    that lacks a column or names one twice.
    """
    pick: itemgetter | None = None
    width = 0
    for number, line in lines:
        if isinstance(line, ValueError):
            yield number, line
            continue
        try:
            cells = next(csv.reader((line,), strict=True)) if '"' in line else line.split(",")
        except csv.Error as error:
            yield number, ValueError(str(error))
            continue
        if pick is None:
            names = [cell.strip() for cell in cells]
            pick, width = itemgetter(*_positions(names, columns, number)), len(names)
        elif len(cells) != width:
            yield number, ValueError(f"has {len(cells)} values: must have {width}")
        else:
            yield number, pick(cells)


def _positions(names: list[str], columns: tuple[str, ...], line: int) -> tuple[int, ...]:
    missing = [column for column in columns if column not in names]
    if missing:
        raise TraceError(f"line {line}: lacks {', '.join(missing)}; columns are {shown(', '.join(names))}")
    _refuse_twice("column", names, f"line {line}: ")
    return tuple(names.index(column) for column in columns)


def json_rows(lines: Lines, columns: tuple[str, ...]) -> Iterator[tuple[int, Cells | ValueError]]:
    """Rows of one JSON object per line."""
    decode = json.JSONDecoder(object_pairs_hook=_object).decode
    pick = itemgetter(*columns)
    for number, line in lines:
        try:
            if isinstance(line, ValueError):
                raise line
            row = decode(line)
            yield number, pick(row)
        except (json.JSONDecodeError, RecursionError):
            yield number, ValueError("must be a JSON object")
        except (KeyError, TypeError, IndexError):
            yield number, ValueError(_not_a_row(row, columns))
        except ValueError as error:
            yield number, error


def _not_a_row(row: Any, columns: tuple[str, ...]) -> str:
    if not isinstance(row, dict):
        return "must be a JSON object"
    missing = [column for column in columns if column not in row]
    return f"lacks {', '.join(missing)}; keys are {shown(', '.join(row))}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        _refuse_twice("key", [name for name, _ in pairs])
    return row


def _refuse_twice(what: str, names: list[str], where: str = "") -> None:
    twice = [name for name, times in Counter(names).items() if times > 1 and name]
    if twice:
        error = TraceError if where else ValueError
        raise error(f"{where}has the {what} {shown(', '.join(twice))} more than once: must have each once")
