"""The text of a trace's file, compressed or not, line by line in bounded memory."""

from __future__ import annotations

import hashlib
import importlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from edge_llm_env.traces.parsing.errors import TraceError
from edge_llm_env.traces.parsing.rows import Lines

LONGEST_LINE = 1 << 20
"""Characters; a longer line is malformed, and no more of it than this is ever held."""
_BLOCK = 1 << 18
_LOOKED_AT = 512
_ERRORS = ("LZMAError", "ZstdError")
"""Names of decompressors' own errors, in their modules."""


COMPRESSIONS: dict[bytes, tuple[str, ...]] = {
    b"\x1f\x8b": ("gzip",),
    b"\x28\xb5\x2f\xfd": ("compression.zstd", "backports.zstd"),
    b"BZh": ("bz2",),
    b"\xfd7zXZ\x00": ("lzma",),
    b"\x5d\x00\x00": ("lzma",),
}
"""Modules that read a file that begins with these bytes, whatever its name; the first that is there does."""

REFUSED = {
    b"PK\x03\x04": "is a ZIP archive: take the trace out of it",
    b"7z\xbc\xaf\x27\x1c": "is a 7z archive: take the trace out of it",
    b"\x04\x22\x4d\x18": "is compressed with lz4: decompress it",
    b"\x1f\x9d": "is compressed with compress: decompress it",
    b"PAR1": "is a Parquet file: write it as the text that its format is published in",
    b"\xff\xfe": "is UTF-16: write it as UTF-8",
    b"\xfe\xff": "is UTF-16: write it as UTF-8",
}
"""What is wrong with a file that begins with these bytes."""


@contextmanager
def opened(path: Path) -> Iterator[Lines]:
    """The lines of a file in UTF-8, with or without a byte order mark, whatever its line ends and compression.

    Bytes that are no UTF-8 become U+FFFD, which is no digit. Raises TraceError, without the file's name, for a file
    that is empty, damaged or of a kind that cannot be read, and OSError.
    """
    with path.open("rb") as file:
        start = file.peek(8)[:8]
        if not start:
            raise TraceError("is empty")
        for magic, wrong in REFUSED.items():
            if start.startswith(magic):
                raise TraceError(wrong)
        module = _decompressor(start)
        plain = io.BufferedReader(_Decompressed(module, file), _BLOCK) if module else file
        _refuse_no_text(plain.peek(_LOOKED_AT)[:_LOOKED_AT], compressed=module is not None)
        with io.TextIOWrapper(plain, encoding="utf-8-sig", errors="replace") as text:
            yield _lines(text)


def content_sha256(path: Path) -> str:
    """SHA-256 (hex) of what is in a file, which is the same compressed or not. Raises as `opened` does."""
    with path.open("rb") as file:
        module = _decompressor(file.peek(8)[:8])
        plain = io.BufferedReader(_Decompressed(module, file), _BLOCK) if module else file
        return hashlib.file_digest(plain, "sha256").hexdigest()


def _refuse_no_text(start: bytes, *, compressed: bool) -> None:
    """Raise TraceError for content that is compressed once more or has a byte of zero, which no text has."""
    if compressed and start.startswith(tuple(COMPRESSIONS)):
        raise TraceError("is compressed twice: decompress it once")
    if b"\x00" in start:
        raise TraceError("is no text: an archive, UTF-16, or compressed in a way that is not read")


def _decompressor(start: bytes) -> ModuleType | None:
    """The module that reads a file with such a start; None for plain text."""
    for magic, names in COMPRESSIONS.items():
        if start.startswith(magic):
            for name in names:
                try:
                    return importlib.import_module(name)
                except ModuleNotFoundError:
                    continue
            kind = names[0].rpartition(".")[2]
            raise TraceError(f'is compressed with {kind}: pip install "edge-llm-env[traces]", or decompress it')
    return None


class _Decompressed(io.RawIOBase):
    """A compressed file as a stream; whatever its module, what is wrong with the file is a TraceError."""

    def __init__(self, module: Any, file: IO[bytes]) -> None:
        self._file = module.open(file)
        self._errors = (EOFError, OSError, zlib.error, *(getattr(module, name, OSError) for name in _ERRORS))

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes, as many as there are at once."""
        try:
            data = self._file.read(len(buffer))
        except self._errors as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise TraceError(f"is damaged or cut short ({error})") from None
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close it, and the file beneath."""
        self._file.close()
        super().close()


def _lines(text: io.TextIOWrapper) -> Lines:
    number, rest, too_long = 0, "", False
    while block := text.read(_BLOCK):
        *whole, rest = (rest + block).split("\n")
        for line in whole:
            number += 1
            if too_long or len(line) > LONGEST_LINE:
                too_long = False
                yield number, ValueError(f"is longer than {LONGEST_LINE} characters")
            elif line and not line.isspace():
                yield number, line
        if len(rest) > LONGEST_LINE:
            rest, too_long = "", True
    if too_long:
        yield number + 1, ValueError(f"is longer than {LONGEST_LINE} characters")
    elif rest and not rest.isspace():
        yield number + 1, rest
