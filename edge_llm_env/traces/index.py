"""The index of a long trace: its requests in order of time, as arrays that processes map instead of parsing the file.

One file: MAGIC, the length of a JSON header in 8 bytes, the header, then times (8 bytes a request), prompt and output
tokens (4 each), little-endian. It stands beside the trace, or in the user's cache folder where that cannot be written
to, and may be deleted at any time. It is written under another name and then moved, so that processes see it whole or
not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from edge_llm_env.traces.clock import ClockRestarts
from edge_llm_env.traces.parsing.columns import LeftOut
from edge_llm_env.traces.parsing.formats import TraceKind
from edge_llm_env.traces.parsing.units import TimeUnit
from edge_llm_env.traces.trace import Trace

MAGIC = b"edge-llm trace 2"
_PAGE = 4096
_BLOCKS = 64
"""Of a page each, spread over the file, whose hash is part of what an index belongs to."""
_SETTLED_NS = 50_000_000
_COARSE_SETTLED_NS = 2_000_000_000
"""A file that changed less long ago may change again within the same tick of its file system's clock."""


class IndexKey(NamedTuple):
    """A file as it stands, and how it is read."""

    path: str
    """Absolute."""
    mtime_ns: int
    ctime_ns: int
    size: int
    kind: TraceKind
    unit: TimeUnit
    clock_restarts: ClockRestarts

    def is_current(self) -> bool:
        """True if the file still stands as it did."""
        status = os.stat(self.path)
        return (status.st_mtime_ns, status.st_ctime_ns, status.st_size) == (self.mtime_ns, self.ctime_ns, self.size)

    def is_settled(self) -> bool:
        """True if a change from now on would show in the file's times."""
        coarse = self.mtime_ns % 1_000_000_000 == 0
        return time.time_ns() - max(self.mtime_ns, self.ctime_ns) > (_COARSE_SETTLED_NS if coarse else _SETTLED_NS)

    def content(self) -> dict[str, Any]:
        """What an index must have been made of to hold for this file, wherever it stands."""
        return self._asdict() | {"path": Path(self.path).name, "blocks": _blocks_sha256(self.path, self.size)}


def read_index(key: IndexKey) -> Trace | None:
    """The trace as its index has it; None where there is none that belongs to the file as it stands."""
    content: dict[str, Any] | None = None
    for place in _places(key):
        try:
            data = np.memmap(place, mode="r")
        except (OSError, ValueError):
            continue
        content = content or key.content()
        header, start = _header(data)
        count = header.get("requests", 0) if header.get("of") == content else 0
        if count and len(data) == start + 16 * count:
            return Trace(
                np.frombuffer(data, "<f8", count, start),
                np.frombuffer(data, "<i4", count, start + 8 * count),
                np.frombuffer(data, "<i4", count, start + 12 * count),
                LeftOut(**header["left"]),
                header["moved"],
                header["restarts"],
                key.unit,
                tuple(header["notes"]),
                header["sha256"],
                place,
            )
    return None


def write_index(key: IndexKey, trace: Trace) -> Trace:
    """The trace from an index that is made for it, or as it is where none can be made."""
    if not key.is_settled():
        return trace
    header = json.dumps(
        {
            "of": key.content(),
            "requests": len(trace.time_s),
            "left": asdict(trace.left),
            "moved": trace.moved,
            "restarts": trace.restarts,
            "notes": trace.notes,
            "sha256": trace.sha256,
        }
    ).encode()
    header += b" " * (-(len(MAGIC) + 8 + len(header)) % _PAGE)
    for place in _places(key):
        with suppress(OSError):
            _write(place, key, header, trace)
            return read_index(key) or trace
    return trace


def _write(place: Path, key: IndexKey, header: bytes, trace: Trace) -> None:
    if place.parent != Path(key.path).parent:
        place.parent.mkdir(parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(dir=place.parent, prefix=f".{place.stem[:100]}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(MAGIC + len(header).to_bytes(8, "little") + header)
            for values, dtype in ((trace.time_s, "<f8"), (trace.prompt_tokens, "<i4"), (trace.output_tokens, "<i4")):
                values.astype(dtype, copy=False).tofile(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(unfinished, os.stat(key.path).st_mode & 0o666 | 0o600)  # whoever may read the trace may read this
        os.replace(unfinished, place)
    except BaseException:
        with suppress(OSError):
            os.unlink(unfinished)
        raise


def _places(key: IndexKey) -> Iterator[Path]:
    """Where an index may stand: beside the file, and in the user's cache folder."""
    path = Path(key.path)
    name = f"{path.name}.{key.kind}-{key.unit}-{key.clock_restarts}.edge-llm-index"
    yield path.with_name(name)
    yield _cache_folder() / f"{hashlib.sha256(os.fsencode(path.parent / name)).hexdigest()[:32]}.edge-llm-index"


def _cache_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")).expanduser() / "edge-llm-env"
    of_user = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or of_user).expanduser() / "edge-llm-env"


def _header(data: np.ndarray) -> tuple[dict[str, Any], int]:
    """The header of an index and where its arrays start; an empty header if it is none."""
    fixed = len(MAGIC) + 8
    if bytes(data[: len(MAGIC)]) != MAGIC:
        return {}, 0
    start = fixed + int.from_bytes(bytes(data[len(MAGIC) : fixed]), "little")
    try:
        header = json.loads(bytes(data[fixed:start]))
    except ValueError:
        return {}, 0
    return (header, start) if isinstance(header, dict) else ({}, 0)


def _blocks_sha256(path: str, size: int) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in range(_BLOCKS):
            file.seek(block * max(size - _PAGE, 0) // (_BLOCKS - 1))
            digest.update(file.read(_PAGE))
    return digest.hexdigest()
