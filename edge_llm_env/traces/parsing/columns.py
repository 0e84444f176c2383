"""Reading a trace from its first row to its last, and what is left out on the way."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_llm_env.traces.parsing.errors import TraceError, shown
from edge_llm_env.traces.parsing.formats import TraceFormat
from edge_llm_env.traces.parsing.opening import opened
from edge_llm_env.traces.parsing.rows import Cells
from edge_llm_env.traces.parsing.units import MUST_BE, TimeUnit, seconds_in

MAX_TOKENS = 2**31 - 1
MAX_REQUESTS = 250_000_000
"""Of one file, each of 16 bytes in memory."""
_LATEST_S = 1e19
"""No unit makes a time of a number beyond: nanoseconds since 1970, read as seconds, are below."""


Request = tuple[float, int, int]
"""Time (s) from an origin that all rows of a file share, prompt tokens, output tokens."""


@dataclass
class LeftOut:
    """Rows of a file that are no requests of its trace, counted."""

    failed: int = 0
    """Requests that got no answer."""
    empty: int = 0
    """Rows of no prompt or no output tokens."""
    malformed: int = 0
    """Other rows that cannot be read."""
    first_bad: str = ""
    """The first row that is empty or malformed: its line and what is wrong with it."""


@dataclass
class Columns:
    """Requests of a file in the file's order, and how far its clock falls back."""

    time_s: array = field(default_factory=lambda: array("d"))
    prompt_tokens: array = field(default_factory=lambda: array("i"))
    output_tokens: array = field(default_factory=lambda: array("i"))
    late: int = 0
    """Requests that are earlier than one above them."""
    late_by_s: float = 0.0
    """The most that one is earlier than one above it."""
    late_line: int = 0
    """Line of that request."""
    latest_line: int = 0
    """Line of the one above it."""


class _EmptyError(ValueError):
    """A number of tokens that is zero."""


def read_columns(path: Path, written: TraceFormat, unit: TimeUnit, skip_bad_rows: bool) -> tuple[Columns, LeftOut]:
    """All requests of a file, and what is left out; raises as `read_requests` does.

    Takes 16 bytes a request, and LONGEST_LINE at most beside.
    """
    columns, left = Columns(), LeftOut()
    latest_s, latest_line = -math.inf, 0
    for line, (time_s, prompt_tokens, output_tokens) in read_requests(path, written, unit, skip_bad_rows, left):
        columns.time_s.append(time_s)
        columns.prompt_tokens.append(prompt_tokens)
        columns.output_tokens.append(output_tokens)
        if time_s >= latest_s:
            latest_s, latest_line = time_s, line
            continue
        columns.late += 1
        if latest_s - time_s > columns.late_by_s:
            columns.late_by_s, columns.late_line, columns.latest_line = latest_s - time_s, line, latest_line
    return columns, left


def read_requests(
    path: Path, written: TraceFormat, unit: TimeUnit, skip_bad_rows: bool, left: LeftOut
) -> Iterator[tuple[int, Request]]:
    """Line and content of a file's requests, one at a time; rows left out are counted in `left`.

    Raises TraceError, without the file's name, for a file that cannot be used and, unless `skip_bad_rows`, for the
    first row that is empty or malformed, and OSError.
    """
    read = _reader(written, unit)
    count = 0
    with opened(path) as lines:
        for line, row in written.rows(lines, written.columns):
            try:
                if isinstance(row, ValueError):
                    raise row
                request = read(row)
            except ValueError as error:
                _leave_out(left, f"line {line}: {error}", isinstance(error, _EmptyError))
                if not skip_bad_rows:
                    raise bad_row(left) from None
                continue
            if request is None:
                left.failed += 1
                continue
            count += 1
            if count > MAX_REQUESTS:
                raise TraceError(f"line {line}: has more than {MAX_REQUESTS:,} requests, take a part of the file")
            yield line, request


def bad_row(left: LeftOut) -> TraceError:
    """The error of a trace whose bad rows are not to be skipped."""
    return TraceError(f"{left.first_bad} (skip_bad_rows leaves such rows out)")


def _leave_out(left: LeftOut, what: str, empty: bool) -> None:
    left.first_bad = left.first_bad or what
    if empty:
        left.empty += 1
    else:
        left.malformed += 1


def _reader(written: TraceFormat, unit: TimeUnit) -> Callable[[Cells], Request | None]:
    """The function that gives the request of a row, None if it failed; its ValueError names the column and value."""
    seconds, tokens = seconds_in(unit), written.tokens

    def read(cells: Cells) -> Request | None:
        time, prompt, output = cells
        try:
            request = seconds(time), tokens(prompt), tokens(output)
            if -_LATEST_S < request[0] < _LATEST_S and 0 < request[1] <= MAX_TOKENS and 0 < request[2] <= MAX_TOKENS:
                return request
        except (ValueError, TypeError, OverflowError):
            pass  # what is wrong with it follows
        _refuse(cells, written, unit)
        return None

    return read


def _refuse(cells: Cells, written: TraceFormat, unit: TimeUnit) -> None:
    """Raise the ValueError of a row that is no request, unless it is one that failed."""
    time, prompt, output = cells
    time_column, prompt_column, output_column = written.columns
    try:
        in_range = -_LATEST_S < seconds_in(unit)(time) < _LATEST_S
    except (ValueError, TypeError, OverflowError):
        in_range = False
    if not in_range:
        raise ValueError(f"{time_column} = {shown(time)}: must be {MUST_BE[unit]} (time_unit sets another)")
    output_tokens = _tokens(written, output_column, output)
    if output_tokens == 0 and written.failures:
        return
    if _tokens(written, prompt_column, prompt) == 0:
        raise _EmptyError(_must_be_tokens(prompt_column, prompt))
    raise _EmptyError(_must_be_tokens(output_column, output))


def _tokens(written: TraceFormat, column: str, value: Any) -> int:
    try:
        tokens = written.tokens(value)
    except (ValueError, TypeError):
        tokens = -1
    if not 0 <= tokens <= MAX_TOKENS:
        raise ValueError(_must_be_tokens(column, value))
    return tokens


def _must_be_tokens(column: str, value: Any) -> str:
    return f"{column} = {shown(value)}: must be a whole number of tokens from 1 to {MAX_TOKENS}"
