"""How kernels are compiled: cached on disk, and with one line of notice before the first compilation."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import event
from numba.core.caching import FunctionCache, IndexDataCacheFile

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a scalar function on its first call and cache the machine code on disk (Numba, no fast-math).

    It works on arrays that it is given and cannot make any: without Numba's reference counting (`_nrt`), whose atomic
    operations would take most of a step's time and make threads wait for each other. Called from Python it releases the
    interpreter's lock.
    """
    return _cached(function, forceinline=True, nogil=True, _nrt=False)


def compiled_apart(function: Function) -> Function:
    """Like `compiled`, but called rather than inlined: for large functions with several callers.

    Inlined, they would be compiled again with every caller, and callers of callers.
    """
    return _cached(function, nogil=True, _nrt=False)


def compiled_allocating(function: Function) -> Function:
    """Like `compiled_apart`, for functions that make arrays of their own."""
    return _cached(function, nogil=True)


def _cached(function: Function, **options: Any) -> Function:
    compile_lazily: Any = numba.njit
    dispatcher = compile_lazily(error_model="numpy", **options)(function)
    if dispatcher is not function:  # it is where NUMBA_DISABLE_JIT is set
        dispatcher._cache = _KernelCache(function)
    return cast(Function, dispatcher)


class _KernelCache(FunctionCache):
    """Numba's disk cache, stale as soon as any kernel's source changes.

    Numba looks only at the file of the function itself, and would go on running an old copy of a function that is
    inlined from another file.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = _IndexFile(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=(_kernel_sources("edge_llm_env"), _kernel_sources(function.__module__.partition(".")[0])),
        )


class _IndexFile(IndexDataCacheFile):
    """The index of one kernel's cached code, empty if it names modules or types that are no longer there."""

    def _load_index(self) -> dict[Any, str]:
        try:
            return super()._load_index()
        except (ImportError, AttributeError):
            return {}


@cache
def _kernel_sources(package: str) -> str:
    """SHA-256 of all source files of a package that define kernels, or of a module that is in no package."""
    if not hasattr(sys.modules[package], "__path__"):
        return hashlib.sha256(Path(str(sys.modules[package].__file__)).read_bytes()).hexdigest()
    digest = hashlib.sha256()
    folders = [files(package)]
    while folders:
        for entry in sorted(folders.pop().iterdir(), key=lambda entry: entry.name):
            if entry.is_dir():
                folders.append(entry)
            elif entry.name.endswith(".py") and b"@compiled" in (source := entry.read_bytes()):
                digest.update(source)
    return digest.hexdigest()


class _Notice(event.Listener):
    """Says once, on standard error, that a compilation has begun; cached code loads in silence."""

    def __init__(self) -> None:
        self.given = False

    def on_start(self, event: event.Event) -> None:
        if not self.given:
            self.given = True
            print("edge-llm-env: compiling kernels, once (under 30 s); later runs load them", file=sys.stderr)

    def on_end(self, event: event.Event) -> None:
        pass


event.register("numba:compile", _Notice())
