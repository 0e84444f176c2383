"""Requests in order of time, where a trace's clock falls back."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.traces.parsing.columns import Columns
from edge_llm_env.traces.parsing.errors import TraceError

ClockRestarts = Literal["refuse", "sort", "continue"]

MOST_DISORDER_S = 60.0
MOST_DISORDER_OF_SPAN = 0.5
"""A row that is earlier than one above it by at most both is written late; beyond, the clock was set back."""


class Order(NamedTuple):
    """Requests in order of time, and what it took."""

    time_s: NDArray[np.float64]
    prompt_tokens: NDArray[np.int32]
    output_tokens: NDArray[np.int32]
    moved: int
    """Requests that stood below a later one."""
    restarts: int
    """Times that the clock was set back and what follows was appended to what is above."""


def in_order(columns: Columns, restarts: ClockRestarts) -> Order:
    """The requests in order of time; those of equal times keep their order.

    Where the clock is set back, "refuse" raises TraceError, "sort" does as with rows that are written late, and
    "continue" lets what follows go on at the latest time above. O(N) if nothing is late, else O(N log N).
    """
    time_s = np.frombuffer(columns.time_s, dtype=np.float64)
    prompt_tokens = np.frombuffer(columns.prompt_tokens, dtype=np.int32)
    output_tokens = np.frombuffer(columns.output_tokens, dtype=np.int32)
    if columns.late == 0:
        return Order(time_s, prompt_tokens, output_tokens, 0, 0)
    most_s = min(MOST_DISORDER_S, MOST_DISORDER_OF_SPAN * float(time_s.max() - time_s.min()))
    times_set_back = 0
    if columns.late_by_s > most_s and restarts == "refuse":
        raise TraceError(
            f"line {columns.late_line}: its time is {columns.late_by_s:g} s before that of line "
            f"{columns.latest_line}; {columns.late:,} of {len(time_s):,} requests are earlier than one above them. The "
            'clock was set back or a time is wrong: clock_restarts = "sort" puts all in order of time, "continue" '
            "appends what follows to what is above"
        )
    if columns.late_by_s > most_s and restarts == "continue":
        time_s, times_set_back = _continued(time_s, most_s)
    order = np.argsort(time_s, kind="stable")
    moved = int((time_s < np.maximum.accumulate(time_s)).sum())
    return Order(time_s[order], prompt_tokens[order], output_tokens[order], moved, times_set_back)


def _continued(time_s: NDArray[np.float64], most_s: float) -> tuple[NDArray[np.float64], int]:
    """Times of a clock that goes on at the latest time above wherever it falls back further, and how often it does."""
    continued = np.empty_like(time_s)
    latest_s, ahead_s, restarts = -np.inf, 0.0, 0
    for at, clock_s in enumerate(time_s.tolist()):
        if clock_s + ahead_s < latest_s - most_s:
            ahead_s, restarts = latest_s - clock_s, restarts + 1
        continued[at] = clock_s + ahead_s
        latest_s = max(latest_s, clock_s + ahead_s)
    return continued, restarts
