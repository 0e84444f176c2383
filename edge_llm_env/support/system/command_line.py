"""How a command begins and ends: options, exit statuses, signals, and one line for what the user can put right."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, NoReturn

from edge_llm_env.support.system.interruptions import interruption_behind

DONE, FOUND_WRONG, MISUSE, INTERRUPTED, NO_READER, TERMINATED = 0, 1, 2, 130, 141, 143
"""Exit statuses: the last three, as shells have them, of Ctrl-C, of output that nobody reads any more, of SIGTERM."""


LONGEST_LINE = 480
"""Characters of an error."""

OURS = ("edge_llm_env", "edge_llm_baselines", "edge_llm_agents", "experiments")
"""Packages in which nobody can install a module that is missing: it is a bug."""


class OneLineParser(argparse.ArgumentParser):
    """A parser, and its subparsers, that say what is wrong in one line beginning with `error:`; exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Print the line and exit."""
        for kind, required in (("int", "a whole number"), ("float", "a number")):
            message = re.sub(rf"invalid {kind} value: (.*)", rf"\1: must be {required}", message)
        if message.startswith("unrecognized arguments"):
            message = f"{message}; {self.prog} --help lists what is expected"
        self.exit(2, f"error: {self.prog}: {shortened(message)}\n")


class Signals:
    """While it is used as a context, SIGTERM ends what runs as Ctrl-C does; `terminated` says which it was.

    Outside the main thread, which alone may handle signals, it changes nothing.
    """

    def __init__(self) -> None:
        self.terminated = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._end) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def ignore(self) -> None:
        """Let nothing disturb what is said at the end."""
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.terminated = number == signal.SIGTERM
        # Objects of other packages that are only half made, as within Numba's compiler, fail as they are destroyed.
        sys.unraisablehook = lambda unraisable: None
        raise KeyboardInterrupt


def ended(run: Callable[[], int | None], program: str, missing: Callable[[str], str]) -> int:
    """Run a command; its exit status, and one line on standard error where it is not what `run` returned.

    What the user can put right (ValueError, OSError, a package of others that is missing, too little memory) is MISUSE;
    anything else is a bug and keeps its traceback. `missing` says how a package is installed. Characters that the
    terminal's encoding lacks are written as their codes.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # what stands there instead may be anything
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    with Signals() as signals:
        try:
            status, said = _run(run, program, missing)
        except KeyboardInterrupt as interruption:
            signals.ignore()
            status, said = INTERRUPTED, str(interruption) or "interrupted"
        signals.ignore()
        if status == INTERRUPTED and signals.terminated:
            status, said = TERMINATED, said.replace("interrupted", "terminated", 1)
        if said:
            with suppress(OSError, ValueError):  # nobody to tell
                print(said, file=sys.stderr, flush=True)
    return status


def _run(run: Callable[[], int | None], program: str, missing: Callable[[str], str]) -> tuple[int, str]:
    """The exit status, and what is to be said."""
    from gymnasium.error import DependencyNotInstalled

    try:
        with _errors_of_threads() as errors:
            status = _status_of(run)
        for error in errors:
            raise error
        if sys.stdout is not None:
            sys.stdout.flush()
        return status, ""
    except BrokenPipeError:
        _drop_output()
        return NO_READER, ""
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package in OURS:
            raise
        return MISUSE, f"error: {program} needs {package}: {missing(package)}"
    except MemoryError as error:
        return MISUSE, f"error: {program}: not enough memory{f': {error}' if str(error) else ''}"
    except OSError as error:
        # Another library's log, on a full disk, does not say which file it is.
        file = "standard output" if _output_is_lost() else error.filename or program
        said = shortened(f"{file}: {error.strerror}") if file and error.strerror else _one_line(error)
        return MISUSE, f"error: {said}"
    except (ValueError, DependencyNotInstalled) as error:
        return MISUSE, f"error: {_one_line(error)}"
    except (Exception, BaseExceptionGroup) as error:
        if (interruption := interruption_behind(error)) is not None:
            raise interruption from None
        raise


@contextmanager
def _errors_of_threads() -> Iterator[list[OSError]]:
    """What the system refused to threads, as to one that writes a library's log: it ends them, without a traceback."""
    errors: list[OSError] = []
    before = threading.excepthook

    def note(ending: threading.ExceptHookArgs) -> None:
        if isinstance(ending.exc_value, OSError):
            errors.append(ending.exc_value)
        else:
            before(ending)

    threading.excepthook = note
    try:
        yield errors
    finally:
        threading.excepthook = before


def _status_of(run: Callable[[], int | None]) -> int:
    """What `run` returned, or what it gave to `sys.exit`, as parsers of options do."""
    try:
        return run() or DONE
    except SystemExit as ending:
        if isinstance(ending.code, str):
            print(ending.code, file=sys.stderr)
            return FOUND_WRONG
        return ending.code or DONE


def _one_line(error: Exception) -> str:
    return shortened(" ".join(line.strip() for line in str(error).splitlines() if line.strip())) or type(error).__name__


def shortened(text: str) -> str:
    """A line that somebody reads, without the middle of words and of lines that are far too long."""
    text = re.sub(r"\S{200,}", lambda found: f"{found[0][:60]}…{found[0][-20:]}", text)
    return text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE * 2 // 3]} … {text[-LONGEST_LINE // 4 :]}"


def _output_is_lost() -> bool:
    """Whether standard output cannot be written, which then goes nowhere."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        _drop_output()
        return True
    return False


def _drop_output() -> None:
    """Let standard output go nowhere, so that Python does not fail to write the rest of it as it ends."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
