"""What happens in epochs, as trace events: transfers and computations of each, and who waits, is served or expires."""

from __future__ import annotations

from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_EPOCHS
from edge_llm_env.rendering.events.trace import TraceWriter
from edge_llm_env.rendering.frames.frame import Fate, Score
from edge_llm_env.rendering.frames.snapshot import epoch_begun, frame_of

NODE, REQUESTS = 1, 2
"""Processes."""

UPLINK, DOWNLINK, FIRST_COMPUTATION = 1, 2, 3
"""Rows of the node; every model has one of its own."""


class EpochEvents:
    """Follows the only row of a simulation of epochs from step to step."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.trace = TraceWriter()
        self.trace.process(NODE, "node")
        self.trace.row(NODE, UPLINK, "uplink")
        self.trace.row(NODE, DOWNLINK, "downlink")
        self.trace.process(REQUESTS, "requests")
        self._begun = epoch_begun(simulation.state)
        self._rows: dict[str, int] = {}
        self._seen: set[int] = set()

    def follow(self, parts_s: tuple[float, float] | None) -> None:
        """A step was taken; `parts_s` is T_U and T_D (s) where its action divided the epoch."""
        if self._simulation.state.counters[0, N_EPOCHS] > self._begun.counters[0, N_EPOCHS]:
            self._note(parts_s)
            self._begun = epoch_begun(self._simulation.state)

    def _note(self, parts_s: tuple[float, float] | None) -> None:
        """Note the epoch that has ended."""
        params, state, trace = self._simulation.params, self._simulation.state, self.trace
        frame = frame_of("", self._simulation, self._begun, parts_s, Score((), (), ""))
        began_s = float(self._begun.counters[0, N_EPOCHS] + 1) * params.epoch_s
        timeline = frame.timeline
        for row, part in ((UPLINK, timeline.uplink), (DOWNLINK, timeline.downlink)):
            if part.band_used > 0.0:
                ends_s = began_s + min(part.ends_s, params.epoch_s)
                trace.slice(NODE, row, "sends", began_s + part.begins_s, ends_s, band_used=part.band_used)
        for one in timeline.computations:
            row = self._row_of(one.name)
            if one.loads_until_s > 0.0:
                trace.slice(NODE, row, "loads", began_s, began_s + min(one.loads_until_s, params.epoch_s))
            if one.requests:
                ends_s = began_s + min(one.ends_s, params.epoch_s)
                trace.slice(NODE, row, "computes", began_s + one.begins_s, ends_s, requests=one.requests)
        for one_request in frame.requests:
            request = one_request.request
            if request not in self._seen:
                self._seen.add(request)
                trace.row(REQUESTS, request + 1, f"request {request}")
                tokens = {"prompt": one_request.prompt_tokens, "output": one_request.output_tokens}
                trace.slice(REQUESTS, request + 1, "arrives", float(state.arrival_s[0, request]), began_s, **tokens)
            fate = "waits" if one_request.fate is Fate.LAST_CHANCE else one_request.fate.value
            trace.slice(REQUESTS, request + 1, fate, began_s, began_s + params.epoch_s, slack_s=one_request.slack_s)
        trace.counter(NODE, "requests", began_s, pending=frame.counters.pending)
        used = {one.name: one.fraction for one in frame.usage}
        trace.counter(NODE, "memory, share", began_s, used=used["memory"])

    def _row_of(self, name: str) -> int:
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = FIRST_COMPUTATION + len(self._rows)
            self.trace.row(NODE, row, f"computes {name}")
        return row

    def finish(self) -> TraceWriter:
        """All events."""
        return self.trace
