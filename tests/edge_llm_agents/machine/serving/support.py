"""A server of a tiny decoder in a thread, whose passes a test can hold up."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import httpx

from edge_llm_agents.machine.decoder import Piece, TorchDecoder
from edge_llm_agents.machine.live.iterations import Iterations
from edge_llm_agents.machine.live.jobs import Scheduler
from edge_llm_agents.machine.serving.app import Completions
from edge_llm_agents.machine.serving.bodies import Offer
from edge_llm_agents.machine.serving.engine import Engine
from edge_llm_agents.machine.serving.running import Server
from edge_llm_agents.machine.sockets import listening
from edge_llm_env.scenarios import load_scenario
from tests.edge_llm_agents.machine.support import TINY
from tests.support.programs.processes import HANG_GUARD_S

SCENARIO = load_scenario(
    "chat-orin",
    **{
        "iterations.running_slots": 4,
        "epoch.visible_slots": 6,
        "iterations.classes": [{"name": "all", "ttft_s": 1e6, "tpot_s": 1e6}],
    },
)

POSITIONS = 512


class HeldDecoder(TorchDecoder):
    """Its passes wait while `free` is not set; told to, it clears that itself, so that no pass slips through."""

    def __init__(self, slots: int) -> None:
        super().__init__(TINY, slots=slots, positions=POSITIONS)
        self.free = threading.Event()
        self.free.set()
        self._left = 0

    def hold_after(self, passes: int) -> None:
        """Compute so many passes, and hold up the next; nothing may be being computed now."""
        self._left = passes

    def run(self, pieces: Sequence[Piece]) -> list[int]:
        self.free.wait()
        if self._left:
            self._left -= 1
            if not self._left:
                self.free.clear()
        return super().run(pieces)


class Served(NamedTuple):
    url: str
    engine: Engine
    scheduler: Scheduler
    decoder: HeldDecoder

    def counts(self) -> dict[str, float]:
        """Of `/metrics`, by name."""
        lines = httpx.get(f"{self.url}/metrics", timeout=HANG_GUARD_S).raise_for_status().text.splitlines()
        return {name: float(value) for name, _, value in (one.rpartition(" ") for one in lines if one[0] != "#")}

    def ended(self, outcome: str) -> float:
        return self.counts()[f'edge_llm_requests_ended_total{{outcome="{outcome}"}}']


@contextmanager
def served(policy: str = "vllm", queue: int = 64, fails: bool = False) -> Iterator[Served]:
    """A server; at the end it is told to stop, and has nothing left if its decoder does not fail."""
    decoder = HeldDecoder(slots=4)
    scheduler = Iterations(SCENARIO, policy, decoder, 0, queue)
    engine = Engine(scheduler, queue)
    app = Completions(engine, Offer("tiny", TINY.vocabulary, POSITIONS, 0.9, 1e6)).app()
    bound = listening("127.0.0.1", 0)
    server = Server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{bound.getsockname()[1]}", engine, scheduler, decoder)
    finally:
        decoder.free.set()
        server.should_exit = True
        thread.join()
        bound.close()
    assert fails or (scheduler.waiting, scheduler.running) == ([], 0)
