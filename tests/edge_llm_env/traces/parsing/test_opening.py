"""Compressed files, and files that are no text."""

from __future__ import annotations

import bz2
import gzip
import importlib
import lzma
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_llm_env.traces.parsing import opening
from edge_llm_env.traces.parsing.errors import TraceError
from edge_llm_env.traces.parsing.opening import LONGEST_LINE, opened
from edge_llm_env.traces.reading import load_trace

HEADER = "Timestamp,Request tokens,Response tokens\n"
TEXT = (HEADER + "".join(f"{time_s},{7 * time_s % 1009 + 1},{time_s % 101 + 1}\n" for time_s in range(3000))).encode()
COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def zstd() -> Any:
    """The module that reads zstd here."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    return pytest.skip("needs Python 3.14, or pip install backports.zstd")


def same_as_plain(path: Path) -> bool:
    plain = path.with_name("plain")
    plain.write_bytes(TEXT)
    one, other = load_trace(path, "burstgpt"), load_trace(plain, "burstgpt")
    fields = ("time_s", "prompt_tokens", "output_tokens")
    return all(getattr(one, field).tolist() == getattr(other, field).tolist() for field in fields)


@pytest.mark.parametrize("kind", COMPRESS)
def test_compressed_files_are_read_whatever_they_are_called(tmp_path: Path, kind: str):
    path = tmp_path / "trace.csv"
    path.write_bytes(COMPRESS[kind](TEXT))
    assert same_as_plain(path)


def test_the_older_form_of_lzma_is_read_too(tmp_path: Path):
    path = tmp_path / "trace.csv"
    path.write_bytes(lzma.compress(TEXT, format=lzma.FORMAT_ALONE))
    assert same_as_plain(path)


def test_gzip_files_may_be_several_in_a_row(tmp_path: Path):
    path = tmp_path / "trace.csv.gz"
    path.write_bytes(gzip.compress(TEXT[:5000], mtime=0) + gzip.compress(TEXT[5000:], mtime=0))
    assert same_as_plain(path)


@pytest.mark.parametrize("kind", COMPRESS)
def test_compressed_file_that_is_cut_short_or_damaged_is_an_error(tmp_path: Path, kind: str):
    whole = COMPRESS[kind](TEXT)
    path = tmp_path / "trace"
    for broken in (whole[: len(whole) // 2], whole[:12], whole[:-4] + b"wxyz"):
        path.write_bytes(broken)
        with pytest.raises(TraceError, match=r"trace: is damaged or cut short \(.+\)$"):
            load_trace(path, "burstgpt", skip_bad_rows=True)


def test_zstd_is_read(tmp_path: Path):
    path = tmp_path / "trace.csv.zst"
    path.write_bytes(zstd().compress(TEXT))
    assert same_as_plain(path)
    path.write_bytes(zstd().compress(TEXT)[:-20])
    with pytest.raises(TraceError, match="is damaged or cut short"):
        load_trace(path, "burstgpt")


def test_zstd_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(opening, "COMPRESSIONS", {b"\x28\xb5\x2f\xfd": ("no_such.zstd", "no_such.package")})
    path = tmp_path / "trace.csv.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))
    with pytest.raises(
        TraceError, match=r'zst: is compressed with zstd: pip install "edge-llm-env\[traces\]", or deco'
    ):
        load_trace(path, "burstgpt")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04" + bytes(30), "is a ZIP archive: take the trace out of it"),
        (b"PAR1" + bytes(30), "is a Parquet file: write it as the text that its format is published in"),
        (TEXT.decode().encode("utf-16"), "is UTF-16: write it as UTF-8"),
        (b"\x04\x22\x4d\x18" + bytes(30), "is compressed with lz4: decompress it"),
        (gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0), "is compressed twice: decompress it once"),
        (b"\x7fELF\x08\x00", "is no text: an archive, UTF-16, or compressed in a way that is not read"),
        (TEXT.decode().encode("utf-16-le"), "is no text: an archive, UTF-16, or compressed in a way that is not read"),
        (
            gzip.compress(b"ustar" + bytes(100), mtime=0),
            "is no text: an archive, UTF-16, or compressed in a way that is not read",
        ),
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "has no requests"),
    ],
)
def test_other_files_are_refused_by_what_they_are(tmp_path: Path, content: bytes, said: str):
    path = tmp_path / "trace"
    path.write_bytes(content)
    with pytest.raises(TraceError) as caught:
        load_trace(path, "burstgpt")
    assert str(caught.value) == f"trace {path}: {said}"


def test_an_endless_line_in_a_small_file_takes_little_memory(tmp_path: Path):
    path = tmp_path / "trace.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(HEADER.encode())
        for _ in range(64):
            file.write(bytes([ord("9")]) * (1 << 20))
    tracemalloc.start()
    with opened(path) as lines:
        assert [type(line) for _, line in lines] == [str, ValueError]
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size < 1e6
    assert peak_bytes < 12 * LONGEST_LINE < 64 << 20
