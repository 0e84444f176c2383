"""Cases played in a process of their own, which may end or hang without the campaign's doing so."""

from __future__ import annotations

import multiprocessing
import resource
import signal
import warnings
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import NamedTuple

from experiments.faults.case import Kind
from experiments.faults.verdict import CRASHED, HUNG, Outcome, outcome_of

WAITING_FACTOR = 20
"""Time on the clock, in limits of processor time, after which a case that computes nothing hangs."""


class Played(NamedTuple):
    """A case that was played."""

    number: int
    """Its index among those of the kind and seed."""
    what: str
    outcome: Outcome


def played(kind: Kind, seed: int, first: int, end: int) -> Iterator[Played]:
    """Play the cases `first` to before `end` of a kind, in as many processes as it takes, one at a time.

    A case at which a process ends is `crashed`, or `hung` where it ended for want of time; the next one has a new
    process.
    """
    while first < end:
        for one in _played_by_one_process(kind, seed, first, end):
            yield one
            first = one.number + 1


def _played_by_one_process(kind: Kind, seed: int, first: int, end: int) -> Iterator[Played]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_play, args=(theirs, kind, seed, first, end), daemon=False)
    process.start()
    theirs.close()
    index, what, patience_s = first, "before the first case", None
    try:
        while index < end:
            try:
                if not ours.poll(patience_s):
                    yield Played(index, what, Outcome(HUNG, f"no answer for {patience_s:g} s on the clock"))
                    return
                message = ours.recv()
            except EOFError:
                process.join()
                yield Played(index, what, _ended(process.exitcode))
                return
            if isinstance(message, str):
                what, patience_s = message, WAITING_FACTOR * kind.cpu_limit_s
            else:
                yield Played(index, what, message)
                index += 1
    finally:
        process.kill()
        process.join()


def _ended(exit_code: int | None) -> Outcome:
    if exit_code == -signal.SIGPROF:
        return Outcome(HUNG, "no end within the limit of processor time")
    name = signal.Signals(-exit_code).name if exit_code is not None and exit_code < 0 else f"exit code {exit_code}"
    return Outcome(CRASHED, f"the process ended: {name}")


def _play(connection: Connection, kind: Kind, seed: int, first: int, end: int) -> None:
    """Send each case in words before it is played, and its outcome after."""
    kind.prepare()
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (kind.memory_limit_bytes, hard))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # which ends the process wherever it is, in a kernel too
    warnings.simplefilter("ignore")
    with suppress(BrokenPipeError):
        for index in range(first, end):
            signal.setitimer(signal.ITIMER_PROF, kind.cpu_limit_s)
            case = kind.make(seed, index)
            connection.send(case.what)
            connection.send(outcome_of(case))
        signal.setitimer(signal.ITIMER_PROF, 0.0)
