"""What happens on an engine of iterations, as trace events: its passes, its memory, and each request's stages."""

from __future__ import annotations

import math

import numpy as np

from edge_llm_env.engine.iterating import is_decoding
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.engine.state import COMPLETED, DROPPED, REJECTED, RUNNING, UPLOADING, WAITING
from edge_llm_env.rendering.events.trace import TraceWriter

ENGINE, REQUESTS = 1, 2
"""Processes."""

PASSES = 1
"""Row of the engine."""


class EngineEvents:
    """Follows the only row of an engine's simulation from step to step.

    The engine stops at all that happens to a request, so each stage begins and ends at a step or at a time that the
    state keeps.
    """

    def __init__(self, simulation: EngineSimulation) -> None:
        self._simulation = simulation
        self.trace = TraceWriter()
        self.trace.process(ENGINE, "engine")
        self.trace.row(ENGINE, PASSES, "iterations")
        self.trace.process(REQUESTS, "requests")
        self._then_s, self._counted = float(simulation.state.now_s[0]), simulation.counters(0)
        self._stages: dict[int, tuple[str, float]] = {}
        """What a request is in, and since when (s)."""
        self._status = np.full(int(simulation.state.requests[0]), UPLOADING)
        self._running: dict[int, bool] = {}
        """Who runs, and whether it decodes."""
        self._look()

    def follow(self) -> None:
        """A step was taken."""
        state, counted = self._simulation.state, self._simulation.counters(0)
        now_s = float(state.now_s[0])
        if now_s > self._then_s:
            iterations = counted["iterations"] - self._counted["iterations"]
            budget = int(state.last_budget[0])
            name = "idle" if not iterations else "prefill and decode" if budget else "decode"
            last = {"budget": budget, "last_tokens": int(state.last_tokens[0])}
            self.trace.slice(ENGINE, PASSES, name, self._then_s, now_s, iterations=iterations, **last)
        self._then_s, self._counted = now_s, counted
        self._look()

    def finish(self) -> TraceWriter:
        """All events, with what goes on cut off now."""
        for request in list(self._stages):
            self._ends(request, self._then_s)
        return self.trace

    def _look(self) -> None:
        """Note what has become of requests."""
        simulation, state, now_s = self._simulation, self._simulation.state, self._then_s
        statuses = state.status[0, : len(self._status)]
        changed = set(np.flatnonzero(statuses != self._status).tolist()) | set(self._running)
        self._running = {}
        for request in sorted(changed):
            status, before = int(statuses[request]), int(self._status[request])
            self._status[request] = status
            if before == UPLOADING and status != UPLOADING:
                self._arrives(request)
            if status == WAITING and before == RUNNING:
                self._begins(request, "swapped out" if state.in_host[0, request] else "preempted", now_s)
            elif status == RUNNING:
                decodes = bool(is_decoding(state, 0, request))
                self._running[request] = decodes
                self._begins(request, "decode" if decodes else "prefill", now_s)
            elif status in (COMPLETED, DROPPED, REJECTED):
                self._leaves(request, status)
        held = simulation.params.blocks - int(state.free_blocks[0])
        self.trace.counter(ENGINE, "KV cache, blocks", now_s, held=held, free=int(state.free_blocks[0]))
        waiting = {name: self._counted[name] for name in ("running", "waiting")}
        self.trace.counter(ENGINE, "requests", now_s, **waiting)

    def _arrives(self, request: int) -> None:
        state = self._simulation.state
        kind = self._simulation.scenario.iterations.classes[int(state.service_class[0, request])]
        self.trace.row(REQUESTS, request + 1, f"request {request}, {kind.name}")
        arrival_s, visible_s = float(state.arrival_s[0, request]), float(state.visible_s[0, request])
        prompt, output = int(state.prompt_tokens[0, request]), int(state.output_tokens[0, request])
        self.trace.slice(REQUESTS, request + 1, "upload", arrival_s, visible_s, prompt=prompt, output=output)
        self._stages[request] = ("waits", visible_s)

    def _begins(self, request: int, stage: str, at_s: float) -> None:
        if self._stages[request][0] != stage:
            self._ends(request, at_s)
            self._stages[request] = (stage, at_s)

    def _ends(self, request: int, at_s: float) -> None:
        stage, since_s = self._stages.pop(request)
        generated = int(self._simulation.state.generated[0, request])
        if at_s > since_s:
            self.trace.slice(REQUESTS, request + 1, stage, since_s, at_s, generated=generated)

    def _leaves(self, request: int, status: int) -> None:
        state = self._simulation.state
        first_s, last_s = float(state.first_s[0, request]), float(state.last_s[0, request])
        at_s = last_s if status == COMPLETED else self._then_s
        if request in self._stages and self._stages[request][0] == "prefill" and first_s < at_s:
            self._begins(request, "decode", first_s)
        self._ends(request, at_s)
        name = {DROPPED: "dropped", REJECTED: "rejected"}.get(status, "served")
        late_s = first_s - float(state.first_due_s[0, request])
        if status == COMPLETED:
            further = int(state.output_tokens[0, request]) - 1
            slow = last_s - first_s > further * float(state.tpot_s[0, request])
            missed = [what for what, is_so in (("TTFT", late_s > 0.0), ("TPOT", slow)) if is_so]
            name = f"missed {' and '.join(missed)}" if missed else name
        self.trace.instant(REQUESTS, request + 1, name, at_s, **({} if math.isinf(late_s) else {"late_s": late_s}))
