"""Threads that wait to call a function for another one, at the least cost of handing it over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any


class Task:
    """A call for another thread, which it begins or the one that asked for it takes back."""

    def __init__(self, function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self._function = function
        self._arguments = arguments
        self._taken = threading.Lock()
        self._ended = threading.Lock()
        self._ended.acquire()
        self._error: BaseException | None = None

    def take_back(self) -> bool:
        """Whether no thread has begun it, and none will."""
        return self._taken.acquire(blocking=False)

    def wait(self) -> None:
        """Wait for the end of a call that has begun; raises what it raised."""
        with self._ended:
            if self._error is not None:
                raise self._error

    def do(self) -> None:
        """Make the call, if nobody has taken it."""
        if self.take_back():
            try:
                self._function(*self._arguments)
            except BaseException as error:
                self._error = error
            self._ended.release()


class Workers:
    """Threads that do tasks in the order in which they come, begun as they are needed; a process ends without them.

    A pool of Python's own takes some ten times as long for a task as this, and wakes its threads by a lock more.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: SimpleQueue[Task] = SimpleQueue()
        self._threads = 0

    def begin(self, threads: int, function: Callable[..., None], arguments: tuple[Any, ...]) -> Task:
        """Have one of so many threads call a function."""
        while self._threads < threads:
            threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()
            self._threads += 1
        task = Task(function, arguments)
        self._tasks.put(task)
        return task

    def _work(self) -> None:
        while True:
            self._tasks.get().do()
