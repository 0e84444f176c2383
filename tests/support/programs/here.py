"""Commands in this process, which has imported most of what they need: nothing of them depends on time or load."""

from __future__ import annotations

import contextlib
import io
import runpy
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from tests.support.programs.processes import ROOT


class Finished(NamedTuple):
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def run_script_here(script: str, *options: str, cwd: Path | None = None) -> Finished:
    """A command of `scripts/`, to its end, in this process, which has imported most of what it needs.

    What belongs to a process (its streams, folder, arguments, path and answer to Ctrl-C) is as before afterwards.
    Anything that a command leaves behind in a process, or that hangs on a fresh one, is a matter for `run_script`.
    """
    command = ROOT / "scripts" / script
    printed, said = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    before = sys.argv, sys.path[:], signal.getsignal(signal.SIGINT)
    status: object = 0
    with contextlib.chdir(cwd or Path.cwd()), redirect_stdout(printed), redirect_stderr(said):
        sys.argv, sys.path[:] = [str(command), *options], [str(command.parent), *sys.path]
        try:
            runpy.run_path(str(command), run_name="__main__")
        except SystemExit as ending:
            status = ending.code or 0
        finally:
            sys.argv, sys.path[:], answer = before
            signal.signal(signal.SIGINT, answer)
    texts = [stream.buffer.getvalue().decode() for stream in (printed, said)]
    return Finished(int(str(status)), *texts)
