"""Reading a trace row by row into arrays, once per process."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.paths import existing_file
from edge_llm_env.traces.formats import FORMATS, Request, TraceError, request_of, shown

TraceKind = Literal["azure", "burstgpt", "mooncake"]
"""Keys of FORMATS."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Requests of a trace in order of time, as read-only arrays."""

    time_s: NDArray[np.float64]
    """(N,) seconds from the first request, ascending; coarse clocks give many requests the same time."""
    prompt_tokens: NDArray[np.int64]
    """(N,) tokens, ≥ 1."""
    output_tokens: NDArray[np.int64]
    """(N,) tokens, ≥ 1."""
    failed: int
    """Requests that got no answer, left out."""
    skipped: int
    """Malformed rows, left out."""


@dataclass
class Left:
    """NodeState left out so far."""

    failed: int = 0
    skipped: int = 0


def load_trace(path: str | Path, kind: TraceKind, *, skip_bad_rows: bool = False) -> Trace:
    """The trace of a file, read once per process as long as the file stays as it is.

    Raises TraceError for a file that cannot be read, lacks a column or has no requests, and, unless `skip_bad_rows`
    leaves them out and counts them, for the first row that is malformed or earlier than the row before it. NodeState of
    equal times are in order.
    """
    return _load(*_version(path), kind, skip_bad_rows)


def trace_sha256(path: str | Path) -> str:
    """SHA-256 (hex) of a trace's content, worked out once per process as long as the file stays as it is."""
    return _sha256(*_version(path))


def read_requests(path: Path, kind: TraceKind, skip_bad_rows: bool, left: Left) -> Iterator[Request]:
    """The requests of a file, one at a time; rows left out are counted in `left`. Raises TraceError."""
    written = FORMATS[kind]
    latest_s = -np.inf
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            for line, row in written.rows(file, (written.time, written.prompt, written.output)):
                try:
                    if isinstance(row, ValueError):
                        raise row
                    request = request_of(row, written)
                    if request is not None and request.time_s < latest_s:
                        time = shown(row[written.time])
                        raise ValueError(f"{written.time} = {time}: must not be before that of the row above")
                except ValueError as error:
                    if not skip_bad_rows:
                        raise TraceError(f"line {line}: {error} (skip_bad_rows leaves such rows out)") from None
                    left.skipped += 1
                    continue
                if request is None:
                    left.failed += 1
                    continue
                latest_s = request.time_s
                yield request
    except TraceError as error:
        raise TraceError(f"trace {path}, {error}") from None
    except OSError as error:
        raise TraceError(f"trace {path}: {error.strerror}") from None


def _version(path: str | Path) -> tuple[str, int, int]:
    """A file's path, time of change and size: what its content is cached under."""
    try:
        file = existing_file(path)
        status = file.stat()
    except FileNotFoundError as error:
        raise TraceError(f"trace {error}") from None
    except OSError as error:
        raise TraceError(f"trace {path}: {error.strerror}") from None
    return str(file), status.st_mtime_ns, status.st_size


@lru_cache(maxsize=8)
def _load(path: str, _changed_ns: int, _bytes: int, kind: TraceKind, skip_bad_rows: bool) -> Trace:
    times, prompts, outputs, left = array("d"), array("q"), array("q"), Left()
    for request in read_requests(Path(path), kind, skip_bad_rows, left):
        times.append(request.time_s)
        prompts.append(request.prompt_tokens)
        outputs.append(request.output_tokens)
    if not times:
        skipped = f", {left.skipped} malformed rows" if left.skipped else ""
        failed = f", {left.failed} failed ones" if left.failed else ""
        raise TraceError(f"trace {path}: has no requests{failed}{skipped}")
    time_s = np.array(times)
    return Trace(
        _read_only(time_s - time_s[0]),
        _read_only(np.array(prompts)),
        _read_only(np.array(outputs)),
        left.failed,
        left.skipped,
    )


def _read_only(values: NDArray) -> NDArray:
    values.flags.writeable = False
    return values


@lru_cache(maxsize=8)
def _sha256(path: str, _changed_ns: int, _bytes: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
