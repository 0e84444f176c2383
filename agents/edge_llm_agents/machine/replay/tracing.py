"""A replayed episode as Chromium trace events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_llm_agents.machine.replay.batches import Computed
from edge_llm_agents.machine.replay.iterations import Iterations, Taken
from edge_llm_env.rendering.events.trace import TraceWriter, read_trace

MACHINE, REQUESTS = 1, 2
"""Processes."""

BATCHES, PASSES = 1, 2
"""Rows of the machine."""


def write_trace(file: Path, computed: Sequence[Computed], **about: str) -> int:
    """Write batches, passes, requests and tokens in the cache, and read them back; how many events there are.

    Raises ValueError for a file that viewers could not read.
    """
    trace = TraceWriter()
    trace.process(MACHINE, "machine")
    trace.row(MACHINE, BATCHES, "batches")
    trace.row(MACHINE, PASSES, "passes")
    trace.process(REQUESTS, "requests")
    for one in computed:
        batch = one.batch
        trace.slice(MACHINE, BATCHES, f"batch {batch.epoch}", one.began_s, one.ends_s, requests=len(batch.requests))
        at_s = one.began_s
        for number, (took_s, alive) in enumerate(zip(one.passes_s, one.alive, strict=True)):
            trace.slice(MACHINE, PASSES, "decode" if number else "prefill", at_s, at_s + took_s, sequences=alive)
            at_s += took_s
            lengths = zip(batch.prompt_tokens, batch.output_tokens, strict=True)
            held = sum(prompt + number + 1 for prompt, output in lengths if output > number)
            trace.counter(MACHINE, "KV cache, tokens", at_s, held=held)
        trace.counter(MACHINE, "KV cache, tokens", max(at_s, one.ends_s), held=0)
        rows = zip(batch.requests, batch.arrival_s, one.finished_s, one.on_time, strict=True)
        for request, arrival_s, finished_s, on_time in rows:
            trace.row(REQUESTS, request + 1, f"request {request}")
            trace.slice(REQUESTS, request + 1, "waits", arrival_s, one.began_s)
            trace.slice(REQUESTS, request + 1, "prefill", one.began_s, one.first_s)
            trace.slice(REQUESTS, request + 1, "decode", one.first_s, finished_s, on_time=on_time)
    trace.write(file, **about)
    return len(read_trace(file))


def write_iterations(file: Path, planned: Iterations, taken: Taken, about: dict[str, str]) -> int:
    """Write passes, requests and tokens in the cache, and read them back; how many events there are.

    Raises ValueError for a file that viewers could not read.
    """
    trace = TraceWriter()
    trace.process(MACHINE, "machine")
    trace.row(MACHINE, PASSES, "passes")
    trace.process(REQUESTS, "requests")
    cached: dict[int, int] = {}
    began_s: dict[int, float] = {}
    for stretch, times_s in zip(planned.stretches, taken.passes_s, strict=True):
        cached = {one: 0 if one in stretch.anew else cached[one] for one in stretch.running}
        for one, (from_s, until_s) in zip(stretch.passes, times_s, strict=True):
            name = "decode" if not one.chunks else "mixed" if one.decodes else "prefill"
            trace.slice(MACHINE, PASSES, name, from_s, until_s, sequences=len(one.work()), tokens=one.tokens)
            for request, tokens in one.work():
                cached[request] += tokens
                began_s.setdefault(request, from_s)
            trace.counter(MACHINE, "KV cache, tokens", until_s, held=sum(cached.values()))
    for request, from_s in began_s.items():
        arrival_s = float(planned.arrival_s[request])
        trace.row(REQUESTS, request + 1, f"request {request}")
        trace.slice(REQUESTS, request + 1, "waits", arrival_s, from_s)
        if request in taken.first_s:
            first_s, last_s = taken.first_s[request], taken.last_s[request]
            trace.slice(REQUESTS, request + 1, "prefill", from_s, first_s)
            trace.slice(REQUESTS, request + 1, "decode", first_s, last_s, completed=request in planned.completed)
    trace.write(file, **about)
    return len(read_trace(file))
