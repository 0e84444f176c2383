"""The formats of public traces: how each writes a request, one row at a time."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, TextIO

MAX_TOKENS = 2**31 - 1
_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)


class TraceError(ValueError):
    """A trace that cannot be used; the message is one line that names the file and, where there is one, the line."""


class Request(NamedTuple):
    """One row of a trace."""

    time_s: float
    """From an origin that all rows of a file share."""
    prompt_tokens: int
    output_tokens: int


class TraceFormat(NamedTuple):
    """How a public trace writes its requests."""

    time: str
    """Name of the column, or key, of the time."""
    prompt: str
    output: str
    rows: Callable[[TextIO, tuple[str, ...]], Iterator[tuple[int, Mapping[str, Any] | ValueError]]]
    """(line number, row) of a text file with those columns, or what is wrong with the line."""
    seconds: Callable[[Any], float]
    """Seconds of a value of the time column; raises ValueError."""
    failures: bool
    """NodeState without output are requests that failed, and not malformed."""
    home: str
    """Where the trace is public."""


def request_of(row: Mapping[str, Any], written: TraceFormat) -> Request | None:
    """The request of a row, None if it failed; a ValueError names the column, the value and what it must be."""
    try:
        time_s = written.seconds(row[written.time])
    except (ValueError, TypeError, KeyError):
        time_s = math.nan
    if not math.isfinite(time_s):
        raise ValueError(f"{written.time} = {shown(row.get(written.time))}: must be a time")
    prompt, output = row.get(written.prompt), row.get(written.output)
    if written.failures and tokens_of(written.output, output, least=0) == 0:
        return None
    return Request(time_s, tokens_of(written.prompt, prompt), tokens_of(written.output, output))


def tokens_of(column: str, value: Any, least: int = 1) -> int:
    """A number of tokens, written as a whole number."""
    try:
        tokens = int(value) if isinstance(value, str | int) and not isinstance(value, bool) else -1
    except ValueError:
        tokens = -1
    if not least <= tokens <= MAX_TOKENS:
        raise ValueError(f"{column} = {shown(value)}: must be a whole number of tokens from {least} to {MAX_TOKENS}")
    return tokens


def csv_rows(file: TextIO, columns: tuple[str, ...]) -> Iterator[tuple[int, Mapping[str, Any] | ValueError]]:
    """NodeState of a file of comma-separated values whose first line names the columns; blank lines are none."""
    names: list[str] | None = None
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            cells = next(csv.reader((line,), strict=True))  # a line of its own: a stray quote cannot swallow the next
        except csv.Error as error:
            yield number, ValueError(str(error))
            continue
        if names is None:
            names = [cell.strip() for cell in cells]
            missing = [column for column in columns if column not in names]
            if missing:
                raise TraceError(f"line {number}: lacks {', '.join(missing)}; columns are {shown(', '.join(names))}")
        elif len(cells) != len(names):
            yield number, ValueError(f"has {len(cells)} values: must have {len(names)}")
        else:
            yield number, dict(zip(names, cells, strict=True))


def json_rows(file: TextIO, columns: tuple[str, ...]) -> Iterator[tuple[int, Mapping[str, Any] | ValueError]]:
    """NodeState of a file of one JSON object per line; blank lines are none."""
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            yield number, ValueError("must be a JSON object")
            continue
        if not isinstance(row, dict):
            yield number, ValueError("must be a JSON object")
        elif missing := [column for column in columns if column not in row]:
            yield number, ValueError(f"lacks {', '.join(missing)}; keys are {shown(', '.join(row))}")
        else:
            yield number, row


def shown(value: object) -> str:
    """A value for an error message: on one line, and not too long."""
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def seconds_of_date(value: str) -> float:
    """Seconds since 1970 of a date and time in ISO 8601, to the microsecond; without a time zone it is UTC."""
    moment = datetime.fromisoformat(value.strip())
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _ORIGIN).total_seconds()


def seconds_of_milliseconds(value: Any) -> float:
    """Seconds of a number of milliseconds."""
    return float(value) / 1000.0


FORMATS: dict[str, TraceFormat] = {
    "azure": TraceFormat(
        "TIMESTAMP",
        "ContextTokens",
        "GeneratedTokens",
        csv_rows,
        seconds_of_date,
        failures=False,
        home="https://github.com/Azure/AzurePublicDataset",
    ),
    "burstgpt": TraceFormat(
        "Timestamp",
        "Request tokens",
        "Response tokens",
        csv_rows,
        float,
        failures=True,
        home="https://github.com/HPMLL/BurstGPT",
    ),
    "mooncake": TraceFormat(
        "timestamp",
        "input_length",
        "output_length",
        json_rows,
        seconds_of_milliseconds,
        failures=False,
        home="https://github.com/kvcache-ai/Mooncake",
    ),
}
"""Azure LLM inference 2023 and 2024 (a date and time), BurstGPT (seconds), Mooncake (milliseconds)."""
