"""Commands that a signal ends at any of their moments, and the same command again on what they left."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from edge_llm_env.support.system.command_line import INTERRUPTED, TERMINATED
from experiments.faults.case import Case, FaultError, Kind
from experiments.faults.command_lines import CommandLine, command_lines
from experiments.faults.programs.commands import folder_of_its_own, run_in_process
from experiments.faults.small_runs import SMALL

SIGNALS = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED, signal.SIGKILL: 128 + signal.SIGKILL}
"""What is sent, and the exit status that it must lead to, as a shell has it, where the command had not ended before."""

KILLED = {
    "edge-llm compare": (), "edge-llm train policy": (), "edge-llm train run": ("--resume",),
    "edge-llm train admission": (), "edge-llm train values": (), "edge-llm train allocations": (),
    "edge-llm train schedulers": (), "edge-llm train placements": (), "edge-llm train placement-searches": (),
    "edge-llm train tasks": (), "edge-llm train racks": (), "edge-llm train levels": (),
    "edge-llm watch": (), "edge-llm leaderboard rank": (),
    "edge-llm leaderboard submit": (), "edge-llm leaderboard report": (), "edge-llm leaderboard baselines": (),
    "edge-llm calibrate": (), "edge-llm replay": (), "edge-llm serve": (), "edge-llm load": (),
    "datasets.py minari": ("--force",), "datasets.py demonstrations": (), "tune.py": (), "paper.py": (),
}  # fmt: skip
"""Commands that write, and what is to be added the second time."""

PRINTS = "prints, and writes nothing"
MEASURES = "plays for minutes or hours, and writes records by `write_record`, each whole, as those above do"
PAGES = "writes pages of this repository, which git has as they were"

NOT_KILLED = {
    "edge-llm list": PRINTS, "edge-llm predict": PRINTS, "edge-llm catalog": PRINTS, "edge-llm trace": PRINTS,
    "edge-llm leaderboard verify": PRINTS,
    "edge-llm train uploads": "searches and writes by what `edge-llm train allocations` does, which is killed",
    "edge-llm train calls": "searches and writes by what `edge-llm train allocations` does, which is killed",
    "edge-llm leaderboard check": "prints; with --record, for a release, writes one record, whole",
    "edge-llm train structured": "learns as `edge-llm train values` does, and writes by the same functions",
    "pages.py update": PAGES, "pages.py scenarios": PAGES, "pages.py animations": PAGES, "pages.py policies": PAGES,
    "train.py continuous": MEASURES, "train.py ablation": MEASURES, "train.py exploration": MEASURES,
    "train.py generalisation": MEASURES, "train.py decentral": MEASURES, "train.py bids": MEASURES,
} | dict.fromkeys(
    (
        f"benchmark.py {name}" for name in (
            "environments", "solvers", "proofs", "roofline-proofs", "assignments", "scale", "levels", "rack-controls",
            "hindsight", "certificates", "first-use", "training", "workers", "allocation", "trials", "unit-time",
            "schedules", "both-ways", "tasks", "task-caches", "model", "faults", "soak", "engine-learners",
            "trace-halves",
        )
    ),
    MEASURES,
)  # fmt: skip
"""The other commands, and why no signal ends a small run of them."""

COLD = len(KILLED) * len(SIGNALS)
"""So many of the first cases, each command with each signal, load their kernels themselves, and may be hit as they do;
the others begin with those of a run before, as loading them takes longer than all that a small run does itself."""


def killed(seed: int, index: int) -> Case:
    """A small run that gets a signal when so many functions have been called, and then is run again."""
    rng = np.random.default_rng([seed, 42, index])
    line = by_name()[list(KILLED)[index % len(KILLED)]]
    number = list(SIGNALS)[(index // len(KILLED)) % len(SIGNALS)]
    part = float(rng.random())
    warm = index >= COLD
    what = f"{line.name}, {signal.Signals(number).name} after {part:.4f} of its calls"
    return Case(what, lambda: _kill(line, number, part, warm), may_hold=True)


def _kill(line: CommandLine, number: signal.Signals, part: float, warm: bool) -> None:
    if warm:
        warm_up(line.name)
    calls = max(1, int(part * calls_of(line.name, warm)))
    with folder_of_its_own() as folder:
        status, said = in_child(line, SMALL[line.name], folder, number, calls)
        if status not in (0, SIGNALS[number]):
            raise FaultError(f"the first run: status {status}, {said[-300:]!r}")
        if "Traceback" in said or "Exception ignored" in said:
            raise FaultError(f"the first run has a traceback: {said[-300:]!r}")
        check_whole(folder)
        more = KILLED[line.name]
        again, said = in_child(line, [*SMALL[line.name], *more], folder)
        if again != 0 and more and "nothing to resume" in said:
            again, said = in_child(line, SMALL[line.name], folder)
        if again != 0 and not (again == 2 and "error: " in said and "Traceback" not in said and status == 0):
            raise FaultError(f"the second run: status {again}, {said[-300:]!r}")
        check_whole(folder)


def check_whole(folder: Path) -> None:
    """Raise `FaultError` for a file that is there in part; hidden ones are of runs that were killed."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        try:
            if path.suffix == ".json":
                json.loads(path.read_text(encoding="utf-8"))
            elif path.suffix in (".zip", ".npz") and zipfile.ZipFile(path).testzip() is not None:
                raise ValueError("a damaged archive")
            elif path.suffix in (".png", ".gif", ".safetensors", ".md", ".csv", ".yml") and not path.stat().st_size:
                raise ValueError("empty")
        except (ValueError, zipfile.BadZipFile) as error:
            raise FaultError(f"{path.name} is there in part: {error}") from None


def in_child(
    line: CommandLine,
    arguments: Sequence[str],
    folder: Path,
    number: signal.Signals | None = None,
    calls: int = 0,
    counted: Path | None = None,
    begin: Callable[[], None] = lambda: None,
) -> tuple[int, str]:
    """Run a command in a forked process, where `begin` is called before; its exit status, as a shell has it, and what
    it said.

    It sends itself a signal at a call of a function, which comes at the same place each time.
    """
    log = folder / ".said"
    child = os.fork()
    if child == 0:
        _run_and_exit(line, list(arguments), log, number, calls, counted, begin)
    _, ending = os.waitpid(child, 0)
    status = os.waitstatus_to_exitcode(ending)
    return 128 - status if status < 0 else status, log.read_text(encoding="utf-8", errors="replace")


def _run_and_exit(
    line: CommandLine,
    arguments: list[str],
    log: Path,
    number: signal.Signals | None,
    calls: int,
    counted: Path | None,
    begin: Callable[[], None],
) -> None:
    status = 70
    with log.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        so_far = 0

        def called(frame: Any, event: str, argument: Any) -> None:
            nonlocal so_far
            so_far += event == "call"
            if so_far == calls and number is not None:
                sys.setprofile(None)
                signal.raise_signal(number)

        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if number is not None or counted is not None:
            sys.setprofile(called)
        try:
            begin()
            status, said = run_in_process(line, arguments)
            file.write(said)
        except BaseException:
            file.write(traceback.format_exc())
        sys.setprofile(None)
        if counted is not None:
            counted.write_text(str(so_far))
        file.flush()
    os._exit(status)


@cache
def warm_up(name: str) -> None:
    """Make a small run in this process, so that those of forked ones find its imports and kernels there."""
    with folder_of_its_own():
        status, said = run_in_process(by_name()[name], list(SMALL[name]))
    if status != 0:
        raise FaultError(f"{name}: status {status} without a signal: {said[-500:]}")


@cache
def calls_of(name: str, warm: bool) -> int:
    """How many functions a small run calls when nothing disturbs it, after one in this process or without."""
    with folder_of_its_own() as folder:
        counted = folder / ".calls"
        status, said = in_child(by_name()[name], SMALL[name], folder, counted=counted)
        if status != 0:
            raise FaultError(f"{name}: status {status} without a signal: {said[-500:]}")
        return int(counted.read_text())


def by_name() -> dict[str, CommandLine]:
    """Commands by their names."""
    return {one.name: one for one in command_lines()}


def prepare() -> None:
    """Import what the commands need, so that a child begins at once."""
    by_name()
    for name in ("torch", "sb3_contrib", "matplotlib.figure", "optuna", "minari", "joblib"):
        __import__(name)


KILLS = Kind("commands that a signal ends, run again", killed, prepare, whole=5 * COLD, cpu_limit_s=600.0)
