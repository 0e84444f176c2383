"""Counts and times of a server, in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

import threading
from collections import Counter

from edge_llm_agents.machine.live.jobs import Job, Outcome

BUCKETS_S = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, float("inf"))


class Metrics:
    """Whatever is accepted ends in exactly one outcome: accepted = waiting + running + outcomes, but for those that
    the engine has not let in yet.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accepted = self._waiting = self._running = 0
        self._outcomes = dict.fromkeys(Outcome, 0)
        self._refused: Counter[int] = Counter()
        self._tokens = self._on_time = 0
        self._times_s = {"ttft": _Histogram(), "tpot": _Histogram()}

    def accepted(self) -> None:
        """Count a job that is let into the queue."""
        with self._lock:
            self._accepted += 1

    def refused(self, status: int) -> None:
        """Count a request that is answered with an error at once."""
        with self._lock:
            self._refused[status] += 1

    def ended(self, job: Job, outcome: Outcome) -> None:
        """Count how a job ended, its tokens, and its times (s): to the first token, and per further one."""
        with self._lock:
            self._outcomes[outcome] += 1
            self._tokens += job.made
            self._on_time += outcome is Outcome.COMPLETED and job.last_s <= job.due_s
            if job.made:
                self._times_s["ttft"].add(job.first_s - job.arrival_s)
            if job.made > 1:
                self._times_s["tpot"].add((job.last_s - job.first_s) / (job.made - 1))

    def stands(self, waiting: int, running: int) -> None:
        """Note how many wait and how many are computed."""
        with self._lock:
            self._waiting, self._running = waiting, running

    def line(self) -> str:
        """What became of all that were accepted, in a line."""
        with self._lock:
            outcomes = ", ".join(f"{count} {one.value}" for one, count in self._outcomes.items())
            return f"{self._accepted} requests accepted: {outcomes}; {self._on_time} on time"

    def text(self) -> str:
        """All of it."""
        with self._lock:
            outcomes = {f'{{outcome="{one.value}"}}': count for one, count in self._outcomes.items()}
            refused = {f'{{status="{one}"}}': count for one, count in sorted(self._refused.items())}
            lines = _lines("requests_accepted_total", "counter", "Requests let into the queue", {"": self._accepted})
            lines += _lines("requests_ended_total", "counter", "Of these, those that ended", outcomes)
            lines += _lines("requests_on_time_total", "counter", "Completed in their deadlines", {"": self._on_time})
            lines += _lines("requests_refused_total", "counter", "Answered with an error at once", refused)
            lines += _lines("tokens_total", "counter", "Output tokens of requests that ended", {"": self._tokens})
            lines += _lines("requests_waiting", "gauge", "Requests that wait", {"": self._waiting})
            lines += _lines("requests_running", "gauge", "Requests that are computed", {"": self._running})
            for name, times_s in self._times_s.items():
                lines += times_s.lines(f"{name}_seconds")
        return "\n".join(lines) + "\n"


class _Histogram:
    def __init__(self) -> None:
        self._counts = [0] * len(BUCKETS_S)
        self._sum_s = 0.0

    def add(self, seconds: float) -> None:
        self._counts = [count + (seconds <= most_s) for count, most_s in zip(self._counts, BUCKETS_S, strict=True)]
        self._sum_s += seconds

    def lines(self, name: str) -> list[str]:
        named = ["+Inf" if most_s == float("inf") else f"{most_s:g}" for most_s in BUCKETS_S]
        values: dict[str, float] = {f'_bucket{{le="{le}"}}': n for le, n in zip(named, self._counts, strict=True)}
        values |= {"_sum": self._sum_s, "_count": self._counts[-1]}
        return _lines(name, "histogram", "Times, s", values)


def _lines(name: str, kind: str, what: str, values: dict[str, int] | dict[str, float]) -> list[str]:
    named = f"edge_llm_{name}"
    return [f"# HELP {named} {what}", f"# TYPE {named} {kind}", *(f"{named}{at} {one}" for at, one in values.items())]
