"""`edge-llm calibrate`: measure this machine with a real decoder, and write it as a device and an engine."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edge_llm_env.support.naming import shown
from edge_llm_env.support.outputs import OutputFolder
from edge_llm_env.support.system.command_line import INTERRUPTED
from edge_llm_env.support.tables import Table

if TYPE_CHECKING:
    from edge_llm_agents.machine.calibration.fitting import Fit


@dataclass(frozen=True)
class Calibrate:
    """Measure this machine with a decoder of random weights, and write it as a device and an engine for scenarios.

    Ctrl-C ends it with what was measured so far.
    """

    decoder: str = "30m"
    """Size by name (1m, 30m, 110m: parameters, roughly), a decoder of the catalogue, or the path of a Hugging Face
    config.json."""
    machine: OutputFolder = Path("results/machine")
    """Folder to write: device.toml, engine.toml, calibration.json and, for a size by name, config.json."""
    name: str = "this-machine"
    """What the device is called."""
    backend: Literal["torch", "transformers", "llama-cpp"] = "torch"
    """What is measured: the decoder of this suite, the architecture of that config.json in transformers with random
    weights, or a llama.cpp server that serves the decoder with --precision and --parallel of --batch at least."""
    url: str = ""
    """Where that server listens, as http://127.0.0.1:8080."""
    precision: str = ""
    """Of its weights and activations, by the catalogue's name."""
    device: str = "cpu"
    """Torch's device: cpu, cuda, cuda:1, mps."""
    threads: int = 1
    """Torch's threads on a CPU, pinned to as many processors."""
    clock: Literal["wall", "processor"] = "wall"
    """What passes are timed by: the wall, or the thread's processor time, which what else runs on the machine disturbs
    less (one thread on a CPU)."""
    batch: int = 16
    """Most sequences in a pass."""
    tokens: int = 256
    """Most tokens in a context; prompts are measured up to half of it."""
    seconds: float = 90.0
    """How long to measure at most, after a first pass at each point."""

    def run(self) -> int:
        """Measure, fit, write and print; the exit status."""
        from edge_llm_agents.commands.bars import Bars
        from edge_llm_agents.evaluation.progress import Progress
        from edge_llm_agents.machine.calibration.calibrating import Settings, calibrate
        from edge_llm_agents.machine.clocks import CLOCKS
        from edge_llm_agents.machine.threads import check_clock, pinned

        check_clock(self.clock, self.device, self.threads)
        if not self.seconds > 0:
            raise ValueError(f"seconds = {self.seconds:g}: must be greater than 0")
        for name in ("url", "precision"):
            if bool(getattr(self, name)) is not (self.backend == "llama-cpp"):
                raise ValueError(
                    f"{name} = {shown(getattr(self, name))}: must be given with --backend llama-cpp, and only so"
                )
        settings = Settings(
            self.machine, self.decoder, self.name, self.device, self.threads, self.clock, self.batch, self.tokens,
            self.seconds, self.backend, self.url, self.precision,
        )  # fmt: skip
        began_s = time.monotonic()
        with Bars() as bars, pinned(self.threads):
            found, interrupted = calibrate(
                settings,
                CLOCKS[self.clock](),
                lambda done, total: bars(Progress("passes measured", done, total, "")),
                lambda: time.monotonic() - began_s,
            )
        print(_table(found).text())
        spread = 100.0 * math.expm1(found.interval())
        for held_out, which in ((True, "points held out"), (False, "points fitted to")):
            print(f"largest error at {which}: {100 * found.largest_error(held_out=held_out):.1f} %")
        print(f"two thirds of the points held out lie within {spread:.1f} %")
        print(f"slowest twentieth of rounds: {100.0 * found.slowdown():.1f} % slower than the median round")
        print(f"written: {self.machine}")
        if interrupted:
            print("interrupted; fitted to what was measured until then", file=sys.stderr)
        return INTERRUPTED if interrupted else 0


def _table(found: Fit) -> Table:
    rows = [
        (
            one.point.metric,
            str(one.point.batch),
            str(one.point.tokens),
            f"{1e3 * one.seconds:.2f}",
            f"{1e3 * min(one.times_s):.2f} to {1e3 * max(one.times_s):.2f}",
            f"{1e3 * one.seconds * (1.0 + error):.2f}",
            f"{100.0 * error:+.1f}",
            "held out" if one.point.held_out else "",
        )
        for one, error in found.errors
    ]
    return Table(("pass", "batch", "tokens", "median, ms", "range, ms", "predicted, ms", "error, %", ""), rows)
