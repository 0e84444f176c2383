"""The part of a trace that a scenario uses, with times scaled and lengths cut, and windows of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.traces.formats import TraceError
from edge_llm_env.traces.reading import Trace


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

    Raises TraceError, naming the setting, if the trace has ended by then or has no requests there.
    """
    end_s = float(trace.time_s[-1])
    if start_offset_s >= end_s:
        raise TraceError(f"start_offset_s = {start_offset_s:g}: must be less than the {end_s:g} s of the trace")
    span_s = end_s - start_offset_s if duration_s is None else min(duration_s, end_s - start_offset_s)
    first, last = np.searchsorted(trace.time_s, [start_offset_s, start_offset_s + span_s])
    if first == last:
        raise TraceError(
            f"start_offset_s = {start_offset_s:g}: the trace has no requests from there on for {span_s:g} s"
        )
    return TracePart(
        (trace.time_s[first:last] - start_offset_s) * time_scale,
        np.minimum(trace.prompt_tokens[first:last], max_prompt_tokens or np.iinfo(np.int64).max),
        np.minimum(trace.output_tokens[first:last], max_output_tokens or np.iinfo(np.int64).max),
        span_s * time_scale,
    )
