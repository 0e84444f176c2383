"""Calling a kernel from Python without finding out anew which of its compiled forms the arguments need."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def direct(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel that is called with arguments of the same types every time, as the first call has them.

    Where its first argument is of another class, as parameters and state of tasks are, it is another call.

    Numba looks at the type of every array in every argument of every call, which takes longer than a step of one row:
    6 µs against 0.6 µs. Here that is done at the first call, which compiles the kernel or loads it.
    """
    return Direct(kernel) if hasattr(kernel, "overloads") else kernel


class Direct:
    """A kernel and, after the first call with each class of its first argument, the machine code for its types."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._code: dict[type, Callable[..., Any]] = {}

    def __call__(self, *arguments: Any) -> Any:
        """Call the kernel."""
        first = arguments[0].__class__
        code = self._code.get(first)
        if code is None:
            returned = self._kernel(*arguments)
            types = tuple(self._kernel.typeof_pyval(argument) for argument in arguments)
            self._code[first] = self._kernel.overloads[types].entry_point
            return returned
        return code(*arguments)
