"""Commands in processes of their own, run to their end however slow the machine is, or interrupted at a known call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]

HANG_GUARD_S = 3600.0
"""The only time that any test may wait for: it ends what hangs, and decides nothing.

What it guards takes seconds, or a minute where kernels compile; a machine that other work keeps busy may take many
times that, and an hour it will not.
"""

_INTERRUPTED = """
import importlib, os, runpy, signal, sys
number, script, module, owner, name, call, *options = sys.argv[1:]
scripts = os.path.dirname(script)
sys.path[:0] = [scripts, os.path.dirname(scripts)]
holder = importlib.import_module(module)
holder = getattr(holder, owner) if owner else holder
called, calls_left = getattr(holder, name), int(call)
def interrupting(*args, **kwargs):
    global calls_left
    returned = called(*args, **kwargs)
    calls_left -= 1
    if calls_left == 0:
        signal.raise_signal(signal.Signals[number])
    return returned
setattr(holder, name, interrupting)
sys.argv = [script, *options]
runpy.run_path(script, run_name="__main__")
"""


def run(
    *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Python with those arguments, to its end; `env` is added to this process's environment."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=os.environ | dict(env or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG_GUARD_S,
    )


def run_script(
    script: str, *options: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A command of `scripts/`, to its end."""
    return run(str(ROOT / "scripts" / script), *options, cwd=cwd, env=env)


def run_interrupted(
    script: str, *options: str, after: str, call: int, cwd: Path | None = None, number: str = "SIGINT"
) -> subprocess.CompletedProcess[str]:
    """A command of `scripts/` that gets a signal, by default that of Ctrl-C, when a function has been called so often.

    `after` is the function as `module:name` or `module:Class.name`. The signal is raised in the command's own main
    thread as the call returns, so it comes at the same place on every machine.
    """
    module, _, path = after.partition(":")
    owner, _, name = path.rpartition(".")
    command = str(ROOT / "scripts" / script)
    return run("-c", _INTERRUPTED, number, command, module, owner, name, str(call), *options, cwd=cwd)


def signalled(number: int) -> None:
    """Send this process a signal, which whoever serves in its main thread is to take."""
    signal.raise_signal(number)


def wait_until(holds: Callable[[], bool]) -> None:
    """Look until it holds of what another thread does; only what hangs is given up."""
    gives_up_s = time.monotonic() + HANG_GUARD_S
    while not holds():
        assert time.monotonic() < gives_up_s
        time.sleep(0.005)
