"""`edge-llm serve`: completions by OpenAI's protocol, scheduled by a policy of this suite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

POLICIES = {"iterations": "edf", "epochs": "dftsp"}
"""Without another."""

LONGEST_QUEUE = 2**16
"""A row of the simulator holds them all."""


@dataclass(frozen=True)
class Serve:
    """Serve a decoder by OpenAI's /v1/completions, with a policy of this suite as its scheduler.

    SIGINT (Ctrl-C) or SIGTERM ends it, once the requests that it has taken in are done; a second one at once.
    """

    machine: Path = Path("results/machine")
    """Folder that edge-llm calibrate wrote."""
    by: Literal["iterations", "epochs"] = "iterations"
    """Whether the policy is one of ContinuousBatching-v0, asked between passes, or of Batching-v0, asked for a batch
    per epoch."""
    policy: str | None = None
    """A baseline by key, a policy of the package by name, or a path without suffix; if not given, edf or dftsp."""
    scenario: str | None = None
    """A preset's name or the path of a TOML file, put on the machine; if not given, one scaled to the machine."""
    margin: float | None = None
    """By which share of its time the policy takes a pass to be longer than was measured; if not given, by what
    its calibration was off by at most, and the machine slower in its slow rounds."""
    host: str = "127.0.0.1"
    """Address to listen on; the default is reached from this machine alone. There is no authentication."""
    port: int = 8000
    """Port to listen on; any free one for 0."""
    queue: int = 256
    """Most requests that wait; more are answered with status 429. Who is in a pass counts as it stood before it."""
    deadline_s: float = 60.0
    """Of requests without the header X-Deadline-S, from arrival to the last token."""
    model: str = "edge-llm"
    """What the model is called."""
    seed: int = 0
    """Seeds the weights, and what is tuned of the policy."""

    def run(self) -> int:
        """Serve until told to stop; the exit status."""
        import starlette  # noqa: F401 (before anything is read or tuned)
        import uvicorn  # noqa: F401

        from edge_llm_agents.machine.calibration.folder import margin_on, read_calibrated
        from edge_llm_agents.machine.live.making import scheduler_on
        from edge_llm_agents.machine.serving.app import Completions
        from edge_llm_agents.machine.serving.bodies import LONGEST_DEADLINE_S, Offer
        from edge_llm_agents.machine.serving.engine import Engine
        from edge_llm_agents.machine.serving.running import serve
        from edge_llm_agents.machine.sockets import listening
        from edge_llm_agents.machine.threads import pinned

        if not 0 < self.queue <= LONGEST_QUEUE:
            raise ValueError(f"queue = {self.queue}: must be greater than 0, and at most {LONGEST_QUEUE}")
        if not 0.0 < self.deadline_s < LONGEST_DEADLINE_S:
            raise ValueError(f"deadline_s = {self.deadline_s:g}: must be greater than 0 and less than 1e9")
        if not 0 <= self.port < 2**16:
            raise ValueError(f"port = {self.port}: must be in 0..{2**16 - 1}")
        policy = self.policy or POLICIES[self.by]
        with listening(self.host, self.port) as bound, pinned(read_calibrated(self.machine).threads):
            margin = margin_on(self.machine, self.margin)
            made = scheduler_on(self.machine, self.by, policy, self.scenario, margin, self.queue, self.seed)
            vocabulary, accuracy = made.scenario.decoder.vocabulary, made.scenario.accuracy
            engine = Engine(made.scheduler, self.queue)
            app = Completions(engine, Offer(self.model, vocabulary, made.positions, accuracy, self.deadline_s)).app()
            serve(app, bound, lambda url: print(f"serving {self.model} by {policy} on {url}", flush=True))
        print(engine.metrics.line())
        return 0
