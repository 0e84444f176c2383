from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from edge_llm_env.traces.parsing.columns import LeftOut
from edge_llm_env.traces.parsing.errors import TraceError
from edge_llm_env.traces.part import TracePart, part_of
from edge_llm_env.traces.trace import Trace


def trace_at(times_s: list[float]) -> Trace:
    """Prompts of 10, 20, 30 … tokens, outputs of …, 3, 2, 1."""
    count = len(times_s)
    prompts, outputs = 10 * np.arange(1, count + 1, dtype=np.int32), np.arange(count, 0, -1, dtype=np.int32)
    return Trace(np.array(times_s), prompts, outputs, LeftOut(), 0, 0, "seconds", (), "", None)


TRACE = trace_at([0.0, 1.0, 1.0, 4.0, 9.0, 10.0])


def test_whole_trace_is_used_up_to_its_last_request():
    part = part_of(TRACE, 0.0, None, 1.0, None, None)
    assert part.arrival_s.tolist() == [0.0, 1.0, 1.0, 4.0, 9.0]
    assert part.prompt_tokens.tolist() == [10, 20, 30, 40, 50]
    # 5 requests in 10 s
    assert (part.span_s, part.mean_rate_per_s) == (10.0, 0.5)


def test_offset_and_duration_cut_a_part_out_before_it_is_scaled():
    part = part_of(TRACE, 1.0, 4.0, 2.5, None, None)
    assert part.arrival_s.tolist() == [0.0, 0.0, 7.5]
    assert part.output_tokens.tolist() == [5, 4, 3]
    # 3 requests in 4 s, stretched to 10 s
    assert (part.span_s, part.mean_rate_per_s) == (10.0, pytest.approx(0.3))


def test_duration_past_the_end_is_the_rest():
    assert part_of(TRACE, 4.0, 100.0, 1.0, None, None).span_s == 6.0


def test_lengths_are_cut():
    part = part_of(TRACE, 0.0, None, 1.0, 25, 4)
    assert part.prompt_tokens.tolist() == [10, 20, 25, 25, 25]
    assert part.output_tokens.tolist() == [4, 4, 4, 3, 2]


@pytest.mark.parametrize(
    ("offset_s", "duration_s", "complaint"),
    [
        (10.0, None, "start_offset_s = 10: must be less than the 10 s of the trace"),
        (5.0, 3.0, "start_offset_s = 5: the trace has no requests from there on for 3 s"),
    ],
)
def test_part_without_requests_is_an_error(offset_s: float, duration_s: float | None, complaint: str):
    with pytest.raises(TraceError) as caught:
        part_of(TRACE, offset_s, duration_s, 1.0, None, None)
    assert str(caught.value) == complaint


def test_what_is_outside_and_what_is_cut_is_counted():
    part = part_of(TRACE, 1.0, 8.5, 1.0, 35, 2)
    assert part.prompt_tokens.tolist() == [20, 30, 35, 35]
    # of prompts 20 to 50, those of 40 and 50; of outputs 5 to 2, all but the last
    assert (part.outside, part.cut_prompts, part.cut_outputs) == (2, 2, 3)
    whole = part_of(TRACE, 0.0, None, 1.0, None, None)
    assert (whole.outside, whole.cut_prompts, whole.cut_outputs) == (1, 0, 0)  # the last ends the trace


@pytest.mark.parametrize(("times_s", "said"), [([0.0], "its one request"), ([0.0, 0.0, 0.0], "all 3 requests")])
def test_a_trace_of_a_single_time_cannot_be_replayed(times_s: list[float], said: str):
    with pytest.raises(TraceError, match=f"the trace has a single time, that of {said}: must have requests at later"):
        part_of(trace_at(times_s), 0.0, None, 1.0, None, None)


def test_window_counts_from_its_own_start():
    part = part_of(TRACE, 0.0, None, 1.0, None, None)
    # half of the 6 s that a window of 4 s can begin in: from 3 to 7 s
    window = part.window(0.5, 4.0)
    assert window.arrival_s.tolist() == [1.0]
    assert window.prompt_tokens.tolist() == [40]


def test_first_and_last_window_touch_the_ends():
    part = part_of(TRACE, 0.0, None, 1.0, None, None)
    assert part.window(0.0, 1.0).arrival_s.tolist() == [0.0]
    assert part.window(1.0, 1.0).arrival_s.tolist() == [0.0]  # from 9 to 10 s


def test_windows_of_uniform_quantiles_begin_uniformly():
    times = np.arange(0.0, 1000.0, 0.5)
    part = TracePart(times, np.arange(2000), np.ones(2000, dtype=np.int64), 1000.0, "seconds")
    rng = np.random.default_rng(1)
    first = [part.window(rng.random(), 100.0).prompt_tokens[0] for _ in range(2000)]
    # 0 to 1800, and the resolution of half a second is lost in 2000 draws
    assert stats.kstest(np.array(first) - rng.random(2000), "uniform", args=(0, 1800)).pvalue > 0.01
    assert len(part.window(0.3, 100.0).arrival_s) == 200


def test_window_is_no_view_of_the_trace():
    part = part_of(TRACE, 0.0, None, 1.0, None, None)
    window = part.window(0.0, 10.0)
    for values in (window.arrival_s, window.prompt_tokens, window.output_tokens):
        values[:] = 7
    assert part.prompt_tokens.tolist() == [10, 20, 30, 40, 50]
    assert part.arrival_s[0] == 0.0
