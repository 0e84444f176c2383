"""Commands in this process, which has imported most of what they need: nothing of them depends on time or load."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.programs.processes import ROOT


class Finished(NamedTuple):
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def run_script_here(script: str, *options: str, cwd: Path | None = None) -> Finished:
    """A command of `scripts/`, to its end, in this process, which has imported most of what it needs.

    What belongs to a process (its streams, folder, arguments, path, environment and answer to Ctrl-C) is as before
    afterwards. What a command leaves behind otherwise, or that hangs on a fresh process, is a matter for `run_script`.
    """
    printed, said = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    status: object = 0
    with contextlib.chdir(cwd or Path.cwd()), redirect_stdout(printed), redirect_stderr(said):
        try:
            _run(script, *options, name="__main__")
        except SystemExit as ending:
            status = ending.code or 0
    texts = [stream.buffer.getvalue().decode() for stream in (printed, said)]
    return Finished(int(str(status)), *texts)


def sub_commands(script: str) -> tuple[str, ...]:
    """Names of the sub-commands in the table of a command of `scripts/`; none where it has no table."""
    return tuple(_run(script, name="imported").get("COMMANDS", ()))


def _run(script: str, *options: str, name: str) -> dict[str, Any]:
    """A module of `scripts/` under a name, and what it holds; the process is as before afterwards."""
    command = ROOT / "scripts" / script
    before = sys.argv, sys.path[:], signal.getsignal(signal.SIGINT), dict(os.environ)
    sys.argv, sys.path[:] = [str(command), *options], [str(command.parent), *sys.path]
    try:
        return runpy.run_path(str(command), run_name=name)
    finally:
        sys.argv, sys.path[:], answer, environment = before
        signal.signal(signal.SIGINT, answer)
        os.environ.clear()
        os.environ.update(environment)
