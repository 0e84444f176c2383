"""What a newcomer reads while kernels are compiled for the first time; cached code loads in silence."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

LINE_EVERY_S = 10.0
"""Between two lines where standard error is not a terminal."""

REDRAW_EVERY_S = 0.2
"""Between two changes of the one line on a terminal."""


class Progress:
    """Says on standard error that kernels are being compiled, which one, and for how long by now.

    A terminal has one line, drawn again and again; elsewhere there is a line at the start, every ten seconds and at the
    end. Numba's compiler lock keeps two threads from being here at once.
    """

    def __init__(self, stream: Callable[[], TextIO | None], clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._depth = 0
        self._kernels = 0
        self._began_s = 0.0
        self._said_s = 0.0
        self._announced = False
        self._said_not_kept = False

    @contextmanager
    def compiling(self, kernel: str) -> Iterator[None]:
        """A kernel is compiled, with those that are compiled within as parts of it."""
        if self._depth == 0:
            self._kernels, self._began_s, self._said_s = 0, self._clock(), self._clock()
        if not self._announced:
            self._announced = True
            self._write(
                "edge-llm-env: compiling kernels, once; later runs load them "
                "(an environment's first step: 8 to 107 s of processor time)\n"
            )
        self._depth += 1
        self._kernels += 1
        self._show(kernel)
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._end(kernel)

    def not_kept(self, why: str) -> None:
        """Say, once, that what is compiled is lost when the process ends, and what to do about it."""
        if not self._said_not_kept:
            self._said_not_kept = True
            self._write(
                f"edge-llm-env: compiled kernels are not kept, so each process compiles them: {why}; set "
                "NUMBA_CACHE_DIR to a folder that can be written\n"
            )

    def _show(self, kernel: str) -> None:
        now_s = self._clock()
        if now_s - self._said_s < (REDRAW_EVERY_S if self._is_terminal() else LINE_EVERY_S):
            return
        self._said_s = now_s
        text = f"edge-llm-env: {now_s - self._began_s:.0f} s, {self._kernels} kernels, compiling {kernel}"
        self._write(f"\r{text}\033[K" if self._is_terminal() else f"{text}\n")

    def _end(self, kernel: str) -> None:
        text = f"edge-llm-env: compiled {kernel} in {self._clock() - self._began_s:.0f} s"
        self._write(f"\r{text}\033[K\n" if self._is_terminal() else f"{text}\n")

    def _is_terminal(self) -> bool:
        stream = self._stream()
        return stream is not None and stream.isatty()

    def _write(self, text: str) -> None:
        stream = self._stream()
        if stream is not None:  # a program without a console has none
            stream.write(text)
            stream.flush()


PROGRESS = Progress(lambda: sys.stderr, time.monotonic)
