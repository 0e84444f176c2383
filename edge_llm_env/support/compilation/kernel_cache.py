"""The disk cache of compiled kernels: Numba's, stale as soon as any kernel's source changes."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile


class KernelCache(FunctionCache):
    """Numba's disk cache, stale as soon as any kernel's source changes.

    Numba looks only at the file of the function itself, and would go on running an old copy of a function that is
    part of it and stands in another file.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = IndexFile(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=(
                _compiling_sources(),
                _kernel_sources("edge_llm_env"),
                _kernel_sources(function.__module__.partition(".")[0]),
            ),
        )


class IndexFile(IndexDataCacheFile):
    """The index of one kernel's cached code, empty if it names modules or types that are no longer there."""

    def _load_index(self) -> dict[Any, str]:
        try:
            return super()._load_index()
        except (ImportError, AttributeError):
            return {}


@cache
def _compiling_sources() -> str:
    """SHA-256 of the files that say how kernels are compiled."""
    digest = hashlib.sha256()
    for name in ("compiling.py", "dispatchers.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()


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
