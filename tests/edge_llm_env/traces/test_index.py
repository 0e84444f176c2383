"""Indexes of long traces: read instead of the file, never of another file, whole or not there."""

from __future__ import annotations

import gzip
import os
import pickle
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_llm_env.arrivals.trace import TraceArrivals
from edge_llm_env.traces import index, reading
from edge_llm_env.traces.parsing.errors import TraceError
from edge_llm_env.traces.reading import load_trace
from edge_llm_env.traces.trace import Trace
from tests.support.programs.processes import run

ROWS = 5000


@pytest.fixture(autouse=True)
def _short_traces_have_an_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(reading, "INDEXED_FROM_REQUESTS", 1000)
    monkeypatch.setattr(index, "_SETTLED_NS", -(10**18))  # the clock decides no test
    monkeypatch.setattr(index, "_COARSE_SETTLED_NS", -(10**18))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "trace.csv"
    path.write_text(text())
    return path


def text(first_prompt: int = 7) -> str:
    rows = "".join(f"{time_s},{time_s % 997 + first_prompt},{time_s % 89 + 1}\n" for time_s in range(10, ROWS + 10))
    return f"Timestamp,Request tokens,Response tokens\n{rows}"


def anew(path: Path, **settings: Any) -> Trace:
    """The trace as a process reads it that has not read it before."""
    reading._load.cache_clear()
    return load_trace(path, "burstgpt", **settings)


def arrays(trace: Trace) -> list[list[float]]:
    return [trace.time_s.tolist(), trace.prompt_tokens.tolist(), trace.output_tokens.tolist()]


def never_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed(*_: object) -> None:
        raise AssertionError("the file was parsed")

    monkeypatch.setattr(reading, "_parsed", parsed)


def test_the_second_process_reads_the_index_and_not_the_file(path: Path, monkeypatch: pytest.MonkeyPatch):
    first = anew(path)
    assert first.index is not None
    assert first.index.parent == path.parent
    never_parsed(monkeypatch)
    second = anew(path)
    assert arrays(second) == arrays(first) == arrays_of_text()
    assert (second.sha256, second.left, second.notes, second.unit) == (first.sha256, first.left, first.notes, "seconds")
    with pytest.raises(ValueError, match="read-only"):
        second.time_s[0] = 1.0


def arrays_of_text() -> list[list[float]]:
    rows = [list(map(int, row.split(","))) for row in text().splitlines()[1:]]
    return [[row[0] - 10.0 for row in rows], [row[1] for row in rows], [row[2] for row in rows]]


def test_a_short_trace_gets_none(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "INDEXED_FROM_REQUESTS", ROWS + 1)
    assert anew(path).index is None
    assert list(path.parent.iterdir()) == [path]


def test_a_compressed_trace_gets_one(path: Path, monkeypatch: pytest.MonkeyPatch):
    compressed = path.with_name("trace.csv.gz")
    compressed.write_bytes(gzip.compress(path.read_bytes()))
    assert anew(compressed).index is not None
    never_parsed(monkeypatch)
    assert arrays(anew(compressed)) == arrays_of_text()


def test_units_and_restarts_have_their_own(path: Path):
    seconds, milliseconds = anew(path), anew(path, time_unit="milliseconds")
    assert seconds.index != milliseconds.index
    assert arrays(anew(path)) == arrays(seconds)
    assert anew(path, time_unit="milliseconds").time_s[-1] == pytest.approx(seconds.time_s[-1] / 1000)


def test_a_file_that_changes_is_read_again(path: Path):
    before = anew(path)
    path.write_text(text(first_prompt=8))  # of the same length
    after = anew(path)
    assert (after.prompt_tokens == before.prompt_tokens + 1).all()
    assert after.sha256 != before.sha256
    assert arrays(anew(path)) == arrays(after)


def test_a_change_that_hides_its_time_is_found(path: Path, monkeypatch: pytest.MonkeyPatch):
    """One digit in the middle, which no block of the hash covers, with size and time of change as they were."""
    monkeypatch.setattr(index, "_BLOCKS", 2)
    before, status = anew(path), path.stat()
    content = bytearray(path.read_bytes())
    middle = content.index(b"\n2500,") + len(b"\n2500,")
    content[middle] = ord("9")
    path.write_bytes(bytes(content))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    assert path.stat().st_mtime_ns == status.st_mtime_ns
    after = anew(path)
    assert int((after.prompt_tokens != before.prompt_tokens).sum()) == 1


def test_another_file_of_the_same_name_size_and_times_has_other_blocks(path: Path):
    key = index.IndexKey(str(path), 1, 2, path.stat().st_size, "burstgpt", "seconds", "refuse")
    before = key.content()
    path.write_text(text(first_prompt=8))
    assert key.content() != before


def test_a_file_that_has_just_changed_gets_none_yet(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(index, "_SETTLED_NS", 10**18)
    monkeypatch.setattr(index, "_COARSE_SETTLED_NS", 10**18)
    assert anew(path).index is None
    assert list(path.parent.iterdir()) == [path]


def test_coarse_clocks_take_longer_to_settle(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(index, "_SETTLED_NS", 50_000_000)
    monkeypatch.setattr(index, "_COARSE_SETTLED_NS", 2_000_000_000)
    fine = index.IndexKey("", 7_000_000_001, 0, 1, "azure", "date", "refuse")
    coarse = fine._replace(mtime_ns=7_000_000_000)
    for now_ns, settled in ((7.04e9, (False, False)), (8e9, (True, False)), (9.1e9, (True, True))):
        monkeypatch.setattr(index.time, "time_ns", lambda now_ns=now_ns: now_ns)
        assert (fine.is_settled(), coarse.is_settled()) == settled


@pytest.mark.parametrize("broken", ["empty", "cut", "header", "other", "length"])
def test_a_broken_index_is_made_anew(path: Path, broken: str):
    place = anew(path).index
    assert place is not None
    whole = place.read_bytes()
    length_at = len(index.MAGIC)
    place.write_bytes(
        {
            "empty": b"",
            "cut": whole[:-100],
            "header": whole[:30] + b"\xff" + whole[31:],
            "other": b"something else" + whole,
            "length": whole[:length_at] + b"\xff" * 8 + whole[length_at + 8 :],
        }[broken]
    )
    assert arrays(anew(path)) == arrays_of_text()
    assert place.read_bytes() == whole


def test_where_the_folder_cannot_be_written_to_it_stands_in_the_users_cache(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make = index.tempfile.mkstemp

    def refused(*, dir: Path, prefix: str) -> tuple[int, str]:  # noqa: A002 (its name)
        if dir == path.parent:
            raise PermissionError(13, "Permission denied")
        return make(dir=dir, prefix=prefix)

    monkeypatch.setattr(index.tempfile, "mkstemp", refused)
    trace = anew(path)
    assert trace.index is not None
    assert trace.index.parent == tmp_path / "cache" / "edge-llm-env"
    never_parsed(monkeypatch)
    assert arrays(anew(path)) == arrays_of_text()


def test_where_no_folder_can_be_written_to_the_trace_is_read_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(index.os, "replace", full)
    assert anew(path).index is None
    assert arrays(anew(path)) == arrays_of_text()
    assert list(path.parent.iterdir()) == [path]  # nothing unfinished is left


def test_whoever_may_read_the_trace_may_read_its_index(path: Path):
    path.chmod(0o644)
    place = anew(path).index
    assert place is not None
    assert stat.S_IMODE(place.stat().st_mode) == 0o644


def test_rows_that_were_skipped_are_known_to_the_index(path: Path):
    path.write_text(text().replace("2500,", "2500,x", 1))
    counted = anew(path, skip_bad_rows=True)
    again = anew(path, skip_bad_rows=True)
    assert again.index is not None
    assert again.left == counted.left
    assert again.left.malformed == 1
    with pytest.raises(TraceError, match="Request tokens = 'x"):
        anew(path)


def test_a_scenario_takes_its_part_from_the_index(path: Path, monkeypatch: pytest.MonkeyPatch):
    settings = {"kind": "trace", "format": "burstgpt", "path": str(path), "start_offset_s": 1000.0, "duration_s": 60.0}
    anew(path)
    never_parsed(monkeypatch)
    reading._load.cache_clear()
    arrivals = TraceArrivals(**settings)
    assert arrivals.part.arrival_s.tolist() == list(map(float, range(60)))
    assert arrivals.trace.sha256 == anew(path).sha256
    assert pickle.loads(pickle.dumps(arrivals)).mean_rate_per_s == 1.0


READER = """
import sys
from edge_llm_env.traces import index, reading
reading.INDEXED_FROM_REQUESTS = 1000
index._SETTLED_NS = index._COARSE_SETTLED_NS = -(10**18)
for turn in range(12):
    reading._load.cache_clear()
    trace = reading.load_trace(sys.argv[1], "burstgpt")
    print(float(trace.time_s.sum()), int(trace.prompt_tokens.sum()), int(trace.output_tokens.sum()))
    if trace.index is not None and turn % 3 == 0:
        trace.index.unlink(missing_ok=True)
"""


def test_processes_that_write_and_delete_it_at_once_read_the_same(path: Path):
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: run("-c", READER, str(path)), range(3)))
    assert [process.stderr for process in done] == ["", "", ""]
    times_s, prompts, outputs = arrays_of_text()
    expected = f"{float(np.sum(times_s))} {sum(prompts)} {sum(outputs)}"
    assert {line for process in done for line in process.stdout.splitlines()} == {expected}
    assert [name.name for name in path.parent.iterdir() if name.name.startswith(".")] == []
