"""Rows that are written late, clocks that are set back, times that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_llm_env.traces.clock import ClockRestarts
from edge_llm_env.traces.parsing.errors import TraceError
from edge_llm_env.traces.reading import load_trace
from edge_llm_env.traces.trace import Trace

RESTARTED = [900, *range(0, 900, 100)]


def trace_of(folder: Path, times_s: list[float], restarts: ClockRestarts = "refuse") -> Trace:
    """Requests whose prompts are the numbers of their rows."""
    path = folder / f"{abs(hash(tuple(times_s)))}.csv"
    rows = "".join(f"{time_s},{row},1\n" for row, time_s in enumerate(times_s, start=1))
    path.write_text(f"Timestamp,Request tokens,Response tokens\n{rows}")
    return load_trace(path, "burstgpt", clock_restarts=restarts)


def test_rows_that_are_written_late_are_sorted_and_counted(tmp_path: Path):
    trace = trace_of(tmp_path, [0, 50, 20, 20, 60, 500, 450])
    assert trace.time_s.tolist() == [0, 20, 20, 50, 60, 450, 500]
    assert trace.prompt_tokens.tolist() == [1, 3, 4, 2, 5, 7, 6]  # those of equal times in the order of rows
    assert (trace.moved, trace.restarts) == (3, 0)
    assert "3 of 7 rows stood below a later one, and were put in order" in trace.notices()


def test_rows_in_order_are_as_they_are(tmp_path: Path):
    trace = trace_of(tmp_path, [5, 5, 7, 305])
    assert trace.time_s.tolist() == [0, 0, 2, 300]
    assert (trace.moved, trace.restarts, trace.notices()) == (0, 0, [])


@pytest.mark.parametrize(
    ("times_s", "said"),
    [
        (RESTARTED, "line 3: its time is 900 s before that of line 2; 9 of 10 requests are earlier than one above"),
        ([*range(9), *range(9)], "line 11: its time is 8 s before that of line 10; 8 of 18 requests are earlier"),
        ([0, 100, 200, 1e12, 300, 400], "line 6: its time is 1e+12 s before that of line 5; 2 of 6 requests"),
        ([1000, 1100, 0, 1200], "line 4: its time is 1100 s before that of line 3; 1 of 4 requests"),
    ],
)
def test_a_clock_that_is_set_back_and_a_wrong_time_are_refused_with_rows_and_place(
    tmp_path: Path, times_s: list[float], said: str
):
    with pytest.raises(TraceError) as caught:
        trace_of(tmp_path, times_s)
    assert said in str(caught.value)
    assert 'clock_restarts = "sort" puts all in order of time, "continue" appends' in str(caught.value)


def test_a_clock_that_is_set_back_is_sorted_where_that_is_asked_for(tmp_path: Path):
    trace = trace_of(tmp_path, RESTARTED, "sort")
    assert trace.time_s.tolist() == list(range(0, 1000, 100))
    assert trace.prompt_tokens.tolist() == [*range(2, 11), 1]
    assert (trace.moved, trace.restarts) == (9, 0)


def test_a_clock_that_is_set_back_goes_on_where_that_is_asked_for(tmp_path: Path):
    trace = trace_of(tmp_path, [0, 300, 290, 600, 0, 300, 100, 400], "continue")
    # 290 is written late; from the 0 on, times are 600 later, and from the 100 on another 200
    assert trace.time_s.tolist() == [0, 290, 300, 600, 600, 900, 900, 1200]
    assert trace.prompt_tokens.tolist() == [1, 3, 2, 4, 5, 6, 7, 8]
    assert (trace.moved, trace.restarts) == (1, 2)
    assert trace.notices()[:2] == [
        "2 times the clock was set back; what follows was appended",
        "1 of 8 rows stood below a later one, and were put in order",
    ]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30))
def test_no_request_is_lost_or_changed_whatever_the_clock_does(
    tmp_path_factory: pytest.TempPathFactory, times_s: list[float]
):
    trace = trace_of(tmp_path_factory.mktemp("clock"), times_s, "sort")
    order = sorted(range(len(times_s)), key=lambda row: times_s[row])  # Python's sort is stable
    assert trace.prompt_tokens.tolist() == [row + 1 for row in order]
    assert trace.time_s.tolist() == [times_s[row] - min(times_s) for row in order]
    continued = trace_of(tmp_path_factory.mktemp("clock"), times_s, "continue")
    assert sorted(continued.prompt_tokens.tolist()) == list(range(1, len(times_s) + 1))
    assert (continued.time_s[1:] >= continued.time_s[:-1]).all()
