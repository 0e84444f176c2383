"""The part of a trace that a scenario uses, with times scaled and lengths cut, and windows of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.traces.parsing.errors import TraceError
from edge_llm_env.traces.parsing.units import TimeUnit
from edge_llm_env.traces.trace import Trace


@dataclass(frozen=True, eq=False)
class TracePart:
    """Requests of a part of a trace, in order of time."""

    arrival_s: NDArray[np.float64]
    """(N,) seconds from the start of the part, scaled, ascending, less than `span_s`."""
    prompt_tokens: NDArray[np.int64]
    """(N,) tokens, cut."""
    output_tokens: NDArray[np.int64]
    """(N,) tokens, cut."""
    span_s: float
    """Length of the part, scaled."""
    time_unit: TimeUnit
    """That the trace's times were read in."""
    outside: int = 0
    """Requests of the trace that are not in the part."""
    cut_prompts: int = 0
    """Prompts that were longer."""
    cut_outputs: int = 0
    """Outputs that were longer."""

    @property
    def mean_rate_per_s(self) -> float:
        """Requests per second."""
        return len(self.arrival_s) / self.span_s

    def window(self, quantile: float, horizon_s: float) -> TracePart:
        """The window of that length at a quantile in 0..1 of the starts that are possible, as arrays of its own."""
        start_s = quantile * max(self.span_s - horizon_s, 0.0)
        first, last = np.searchsorted(self.arrival_s, [start_s, start_s + horizon_s])
        return TracePart(
            self.arrival_s[first:last] - start_s,
            self.prompt_tokens[first:last].copy(),
            self.output_tokens[first:last].copy(),
            horizon_s,
            self.time_unit,
        )


@lru_cache(maxsize=8)
def part_of(
    trace: Trace,
    start_offset_s: float,
    duration_s: float | None,
    time_scale: float,
    max_prompt_tokens: int | None,
    max_output_tokens: int | None,
) -> TracePart:
    """The part of a trace that begins so long after its first request and lasts so long, both before scaling.

    It ends with the trace at the latest, at the time of the last request, which is after it: a window that held that
    request would have to look beyond the trace.

    Raises TraceError, naming the setting, if the trace has ended by then or has no requests there, or if all of it
    happens at one time. O(log N) for a trace of N requests, and what the part holds.
    """
    end_s = float(trace.time_s[-1])
    if end_s == 0.0:
        raise TraceError(
            f"the trace has a single time, that of {_requests(len(trace.time_s))}: must have requests at later ones, "
            "or it has no rate to replay"
        )
    if start_offset_s >= end_s:
        raise TraceError(f"start_offset_s = {start_offset_s:g}: must be less than the {end_s:g} s of the trace")
    span_s = end_s - start_offset_s if duration_s is None else min(duration_s, end_s - start_offset_s)
    first, last = np.searchsorted(trace.time_s, [start_offset_s, start_offset_s + span_s])
    if first == last:
        raise TraceError(
            f"start_offset_s = {start_offset_s:g}: the trace has no requests from there on for {span_s:g} s"
        )
    prompt_tokens, cut_prompts = _cut(trace.prompt_tokens[first:last], max_prompt_tokens)
    output_tokens, cut_outputs = _cut(trace.output_tokens[first:last], max_output_tokens)
    return TracePart(
        (trace.time_s[first:last] - start_offset_s) * time_scale,
        prompt_tokens,
        output_tokens,
        span_s * time_scale,
        trace.unit,
        len(trace.time_s) - int(last - first),
        cut_prompts,
        cut_outputs,
    )


def _cut(tokens: NDArray[np.int32], most: int | None) -> tuple[NDArray[np.int64], int]:
    """Lengths that are at most so long, and how many were longer."""
    whole = tokens.astype(np.int64)
    return (whole, 0) if most is None else (np.minimum(whole, most), int((whole > most).sum()))


def _requests(count: int) -> str:
    return "its one request" if count == 1 else f"all {count:,} requests"
