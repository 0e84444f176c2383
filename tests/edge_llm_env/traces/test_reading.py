from __future__ import annotations

import hashlib
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from edge_llm_env.traces.parsing.columns import LeftOut, read_requests
from edge_llm_env.traces.parsing.errors import TraceError
from edge_llm_env.traces.parsing.formats import FORMATS
from edge_llm_env.traces.reading import load_trace
from tests.edge_llm_env.traces.parsing.test_columns import AZURE_2023, BURSTGPT


def test_times_count_from_the_first_request(tmp_path: Path):
    path = tmp_path / "burst.csv"
    path.write_text(BURSTGPT)
    trace = load_trace(path, "burstgpt")
    assert trace.time_s.tolist() == [0.0, 40.5, 113.0]
    assert trace.prompt_tokens.tolist() == [472, 1087, 417]
    assert trace.output_tokens.tolist() == [18, 230, 276]
    assert (trace.time_s.dtype, trace.prompt_tokens.dtype, trace.output_tokens.dtype) == (np.float64, *[np.int32] * 2)
    assert (trace.left.failed, trace.left.malformed) == (1, 0)


def test_file_is_read_once_until_it_changes(tmp_path: Path):
    path = tmp_path / "azure.csv"
    path.write_text(AZURE_2023)
    trace = load_trace(path, "azure")
    assert load_trace(str(path), "azure") is trace
    assert trace.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    modified_ns = path.stat().st_mtime_ns
    path.write_text(AZURE_2023 + "2023-11-16 18:16:00,7,8\n")
    os.utime(path, ns=(modified_ns + 1_000_000_000,) * 2)  # both writes may fall into one tick of the file system
    assert len(load_trace(path, "azure").time_s) == 3
    assert load_trace(path, "azure").sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_trace_cannot_be_written_to(tmp_path: Path):
    path = tmp_path / "azure.csv"
    path.write_text(AZURE_2023)
    with pytest.raises(ValueError, match="read-only"):
        load_trace(path, "azure").prompt_tokens[0] = 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("\n\n", "has no requests"),
        ("Timestamp,Request tokens,Response tokens\n", "has no requests"),
        ("Timestamp,Request tokens,Response tokens\n1,2,0\n3,4,0\n", "has no requests, 2 failed rows"),
        (
            "Timestamp,Request tokens,Response tokens\nx,2,1\n",
            "has no requests, 1 malformed rows, the first: line 2: Timestamp = 'x': must be a time, as a "
            "number of seconds (time_unit sets another)",
        ),
    ],
)
def test_file_without_requests_is_an_error(tmp_path: Path, text: str, complaint: str):
    path = tmp_path / "burst.csv"
    path.write_text(text)
    with pytest.raises(TraceError) as caught:
        load_trace(path, "burstgpt", skip_bad_rows=True)
    assert str(caught.value) == f"trace {path}: {complaint}"


def test_file_that_cannot_be_read_is_an_error(tmp_path: Path):
    with pytest.raises(TraceError, match=r"nowhere\.csv: there is no such file"):
        load_trace(tmp_path / "nowhere.csv", "azure")
    with pytest.raises(TraceError, match="is a folder"):
        load_trace(tmp_path, "azure")


def test_rows_are_read_as_they_are_asked_for(tmp_path: Path):
    """Of a million rows, 20 MB of text, the first two hundred thousand pass through less than 3 MB of memory."""
    path = tmp_path / "long.csv"
    with path.open("w") as file:
        file.write("Timestamp,Request tokens,Response tokens\n")
        for block in range(200):
            file.writelines(f"{block * 5000 + row},1000000,1000000\n" for row in range(5000))
    requests = read_requests(path, FORMATS["burstgpt"], "seconds", False, LeftOut())
    assert next(requests) == (2, (0.0, 1000000, 1000000))
    tracemalloc.start()
    count = sum(1 for _ in zip(range(200_000), requests, strict=False))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_000
    assert peak_bytes < 3e6 < 20e6 < path.stat().st_size
