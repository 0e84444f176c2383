"""A trace as arrays: read once per process, and where it is long once per machine."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from numpy.typing import NDArray

from edge_llm_env.support.paths.locating import existing_file
from edge_llm_env.traces.clock import ClockRestarts, in_order
from edge_llm_env.traces.index import IndexKey, read_index, write_index
from edge_llm_env.traces.parsing.columns import LeftOut, bad_row, read_columns
from edge_llm_env.traces.parsing.errors import TraceError
from edge_llm_env.traces.parsing.formats import FORMATS, TraceKind
from edge_llm_env.traces.parsing.opening import content_sha256
from edge_llm_env.traces.parsing.units import TimeUnit
from edge_llm_env.traces.plausibility import notes
from edge_llm_env.traces.trace import Trace

INDEXED_FROM_REQUESTS = 250_000
"""Shorter traces are read again within a second, and get no index."""


def load_trace(
    path: str | Path,
    kind: TraceKind,
    *,
    time_unit: TimeUnit | Literal["auto"] = "auto",
    clock_restarts: ClockRestarts = "refuse",
    skip_bad_rows: bool = False,
) -> Trace:
    """The trace of a file, read once per process as long as the file stays as it is.

    A trace of INDEXED_FROM_REQUESTS or more is parsed once, in O(N) time and 24 bytes a request, and kept as an index
    (`traces.index`) from which any process takes its part in O(log N) and what the part holds.
    `time_unit` "auto" is the one that the format documents; what `clock_restarts` does is said at `in_order`. Raises
    TraceError for a file that cannot be read, lacks a column, has no requests or is refused for its clock, and, unless
    `skip_bad_rows` leaves them out and counts them, for the first row that is malformed or of no tokens.
    """
    unit = FORMATS[kind].unit if time_unit == "auto" else time_unit
    try:
        file = existing_file(path)
        status = file.stat()
        version = status.st_mtime_ns, status.st_ctime_ns, status.st_size
        return _load(IndexKey(str(file), *version, kind, unit, clock_restarts), skip_bad_rows)
    except FileNotFoundError as error:
        raise TraceError(f"trace {error}") from None
    except OSError as error:
        raise TraceError(f"trace {path}: {error.strerror}") from None
    except TraceError as error:
        raise TraceError(f"trace {path}{', ' if str(error).startswith('line ') else ': '}{error}") from None


@lru_cache(maxsize=8)
def _load(key: IndexKey, skip_bad_rows: bool) -> Trace:
    trace = read_index(key)
    if trace is None:
        trace = _parsed(key, skip_bad_rows)
        if len(trace.time_s) >= INDEXED_FROM_REQUESTS:
            trace = write_index(key, trace)
    if trace.left.first_bad and not skip_bad_rows:
        raise bad_row(trace.left)
    return trace


def _parsed(key: IndexKey, skip_bad_rows: bool) -> Trace:
    path = Path(key.path)
    columns, left = read_columns(path, FORMATS[key.kind], key.unit, skip_bad_rows)
    if not columns.time_s:
        raise TraceError(f"has no requests{_beside(left)}")
    order = in_order(columns, key.clock_restarts)
    digest = content_sha256(path)
    if not key.is_current():
        raise TraceError("was changed while it was read")
    time_s = order.time_s
    time_s -= time_s[0]
    return Trace(
        _read_only(time_s),
        _read_only(order.prompt_tokens),
        _read_only(order.output_tokens),
        left,
        order.moved,
        order.restarts,
        key.unit,
        notes(time_s, key.unit),
        digest,
        None,
    )


def _beside(left: LeftOut) -> str:
    counts = {"failed": left.failed, "empty": left.empty, "malformed": left.malformed}
    first = f", the first: {left.first_bad}" if left.first_bad else ""
    return "".join(f", {count:,} {what} rows" for what, count in counts.items() if count) + first


def _read_only(values: NDArray) -> NDArray:
    values.flags.writeable = False
    return values
