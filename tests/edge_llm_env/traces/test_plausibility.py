from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_llm_env.traces.parsing.units import TimeUnit
from edge_llm_env.traces.plausibility import notes
from edge_llm_env.traces.reading import load_trace


def test_seconds_read_as_milliseconds_are_said_with_what_to_set(tmp_path: Path):
    path = tmp_path / "mooncake.jsonl"
    path.write_text(
        '{"timestamp": 0.0, "input_length": 5, "output_length": 5}\n'
        '{"timestamp": 600.0, "input_length": 5, "output_length": 5}\n'
    )
    trace = load_trace(path, "mooncake")
    assert trace.time_s.tolist() == [0.0, 0.6]
    (note,) = trace.notices()
    assert note.startswith("2 requests in 0.6 s, 1.667 per second, are unlike a trace: times were read as time_unit = ")
    assert '"milliseconds"; "seconds" would make it 600 s' in note
    set_right = load_trace(path, "mooncake", time_unit="seconds")
    assert set_right.time_s.tolist() == [0.0, 600.0]


@pytest.mark.parametrize(
    ("rate_per_s", "span_s", "unit", "others"),
    [
        (5e3, 3.5, "milliseconds", ["seconds"]),
        (5e-3, 3.5e6, "seconds", ["milliseconds"]),
        (5e-6, 3.5e9, "seconds", ["milliseconds", "microseconds"]),
        (5e-9, 3.5e12, "seconds", ["microseconds", "nanoseconds"]),
        (2000.0, 3600.0, "date", []),
    ],
)
def test_rates_that_no_trace_has_are_said(rate_per_s: float, span_s: float, unit: TimeUnit, others: list[str]):
    (note,) = notes(np.linspace(0.0, span_s, round(rate_per_s * span_s) + 1), unit)
    assert f'times were read as time_unit = "{unit}"' in note
    assert [part.split('"')[1] for part in note.split(";")[1:] for part in part.split(",")] == others


def test_rates_of_published_traces_are_plausible():
    for rate_per_s in (0.02, 0.3, 5.5, 100.0):
        assert notes(np.linspace(0.0, 86_400.0, round(rate_per_s * 86_400.0)), "seconds") == ()


def test_a_gap_that_is_nearly_all_of_the_trace_is_said_with_its_place():
    times_s = np.array([*np.arange(0.0, 1000.0), 50_000.0])
    (note,) = notes(times_s - times_s[0], "seconds")
    assert note.startswith("49001 of its 50000 s lie between requests 1,000 and 1,001 of 1,001")
    assert "start_offset_s and duration_s" in note


def test_a_single_time_is_no_matter_of_units():
    assert notes(np.zeros(5), "seconds") == ()
