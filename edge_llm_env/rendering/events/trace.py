"""Chromium's trace event format: events as they are written, and a file that is checked as it is read.

The JSON object format of "Trace Event Format" (D. Sinclair and others, Chromium project): `traceEvents` of complete
events (`X`), instants (`i`), counters (`C`) and metadata (`M`), with times in microseconds.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

from edge_llm_env.support.naming import shown
from edge_llm_env.support.system.files import write_text

Event = dict[str, Any]

MICROSECONDS = 1e6

REQUIRED = {"X": ("ts", "dur", "tid"), "i": ("ts", "tid", "s"), "C": ("ts", "args"), "M": ("args",)}
"""What an event of each phase has beside name, phase and process."""


class TraceWriter:
    """Collects events of processes, which have rows of slices; times are simulated ones (s)."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def process(self, pid: int, name: str) -> None:
        """Name a process; the lower its number, the further up it stands."""
        self._metadata(pid, 0, "process_name", {"name": name})
        self._metadata(pid, 0, "process_sort_index", {"sort_index": pid})

    def row(self, pid: int, tid: int, name: str) -> None:
        """Name a row of a process, in the order of numbers."""
        self._metadata(pid, tid, "thread_name", {"name": name})
        self._metadata(pid, tid, "thread_sort_index", {"sort_index": tid})

    def slice(self, pid: int, tid: int, name: str, begins_s: float, ends_s: float, **args: Any) -> None:
        """Something that lasted."""
        begins, ends = MICROSECONDS * begins_s, MICROSECONDS * ends_s
        event = {"name": name, "ph": "X", "pid": pid, "tid": tid, "ts": begins, "dur": ends - begins}
        self.events.append(event | {"cat": name.partition(" ")[0], "args": args})

    def instant(self, pid: int, tid: int, name: str, at_s: float, **args: Any) -> None:
        """Something that happened at a time, to a row."""
        event = {"name": name, "ph": "i", "s": "t", "pid": pid, "tid": tid, "ts": MICROSECONDS * at_s}
        self.events.append(event | {"cat": "event", "args": args})

    def counter(self, pid: int, name: str, at_s: float, **values: float) -> None:
        """Numbers that hold from a time on, stacked on each other."""
        self.events.append(
            {"name": name, "ph": "C", "pid": pid, "tid": 0, "ts": MICROSECONDS * at_s, "cat": "counter", "args": values}
        )

    def write(self, path: Path, **about: Any) -> None:
        """Write the file, whole or not at all; `about` says what was played."""
        content = {"traceEvents": self.events, "displayTimeUnit": "ms", "otherData": about}
        write_text(path, json.dumps(content, allow_nan=False, separators=(",", ":")) + "\n")

    def _metadata(self, pid: int, tid: int, name: str, args: dict[str, Any]) -> None:
        self.events.append({"name": name, "ph": "M", "pid": pid, "tid": tid, "args": args})


def read_trace(path: Path) -> list[Event]:
    """The events of a file; raises ValueError with the path and what is wrong where it is no trace.

    Every event has what its phase requires, times are finite and not negative, counters are numbers, and slices of a
    row follow one another or lie within each other, as viewers require.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError(f"{path}: not a trace, is nested too deeply") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: not a trace, {error}") from None
    events = content.get("traceEvents") if isinstance(content, dict) else None
    if not isinstance(events, list):
        raise ValueError(f"{path}: not a trace, traceEvents must be a list")
    rows: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for at, event in enumerate(events):
        wrong = _wrong_with(event)
        if wrong:
            raise ValueError(f"{path}: traceEvents[{at}] {wrong}")
        if event["ph"] == "X":
            rows[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for (pid, tid), slices in rows.items():
        _check_nested(f"{path}: process {pid}, row {tid}", slices)
    return events


def _wrong_with(event: Any) -> str:
    """What is wrong with an event, empty where nothing is."""
    if not isinstance(event, dict) or not isinstance(event.get("name"), str) or not isinstance(event.get("pid"), int):
        return f"= {shown(event)}: must have a name and a process"
    required = REQUIRED.get(str(event.get("ph")))
    if required is None:
        return f"has ph = {shown(event.get('ph'))}: must be one of {', '.join(REQUIRED)}"
    for field in required:
        if field not in event:
            return f"lacks {field}"
    for field in ("ts", "dur"):
        value = event.get(field, 0.0)
        if not isinstance(value, int | float) or not math.isfinite(value) or value < 0.0:
            return f"has {field} = {shown(value)}: must be a time in microseconds, at least 0"
    if event["ph"] == "C" and not all(isinstance(value, int | float) for value in event["args"].values()):
        return f"has args = {shown(event['args'])}: must be numbers"
    return ""


def _check_nested(row: str, slices: list[tuple[float, float]]) -> None:
    open_until: list[float] = []
    for begins, ends in sorted(slices, key=lambda one: (one[0], -one[1])):
        rounding = 1e-6 * max(1.0, begins)  # of seconds in microseconds
        while open_until and open_until[-1] <= begins + rounding:
            open_until.pop()
        if open_until and ends > open_until[-1] + rounding:
            raise ValueError(f"{row}: slices overlap at {begins:.0f} microseconds, must follow or contain each other")
        open_until.append(ends)
