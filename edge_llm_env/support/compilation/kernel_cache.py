"""The disk cache of compiled kernels: Numba's, stale as soon as any kernel's source changes, and in files of its own.

Whatever is wrong with the cache costs compiling and nothing else: a folder that cannot be written, a full disk, files
that are damaged or of another version, and several processes that write at once.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache, NullCache
from numba.core.serialize import dumps

from edge_llm_env.support.compilation.compile_progress import PROGRESS


def kernel_cache(function: Callable[..., Any]) -> KernelCache | NullCache:
    """The cache of a kernel; one that keeps nothing where no folder can be written or its source is in no file."""
    module = sys.modules.get(str(function.__module__).partition(".")[0])
    if getattr(module, "__path__", None) is None and getattr(module, "__file__", None) is None:
        return NullCache()  # a notebook's cell or what Python was given to read
    try:
        return KernelCache(function)
    except RuntimeError as error:  # Numba found no folder
        if "no locator available" not in str(error):
            raise
        PROGRESS.not_kept("neither the package's folder nor the user's cache folder can be written")
        return NullCache()


class KernelCache(FunctionCache):
    """Numba's disk cache, stale as soon as any kernel's source changes.

    Numba looks only at the file of the function itself, and would go on running an old copy of a function that is
    part of it and stands in another file.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file: Any = KernelFiles(
            Path(self._cache_path),
            self._impl.filename_base,
            (
                numba.__version__,
                _compiling_sources(),
                _kernel_sources("edge_llm_env"),
                _kernel_sources(function.__module__.partition(".")[0]),
            ),
        )

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, where that can be."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            PROGRESS.not_kept(f"{self._cache_path}: {error.strerror}")


class KernelFiles:
    """The compiled code of one function, a file for each of the types of its arguments.

    Numba's own files are an index and numbered files of code. Of two processes that compile one function for different
    types at once, each may give its code the same number, and then one runs the other's. Here a file is named by the
    types, and begins with the hash of what follows and with the stamp: what was written in part, or of another version
    or source, is as if it were not there.
    """

    def __init__(self, folder: Path, base: str, stamp: tuple[str, ...]) -> None:
        self._folder, self._base, self._stamp = folder, base, "\n".join(stamp).encode()

    def load(self, key: Any) -> Any:
        """What was saved for a key, None where there is nothing of use."""
        try:
            digest, content = _divided(self._path(key).read_bytes())
            if digest != self._digest(content):
                return None
            return pickle.loads(content)
        except OSError:
            return None
        except Exception:  # the content is as it was written, but names what this version does not have
            return None

    def save(self, key: Any, data: Any) -> None:
        """Write a file, whole or not at all. Raises OSError."""
        content = dumps(data)
        path = self._path(key)
        unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex[:16]}")
        try:
            unfinished.write_bytes(self._digest(content) + content)
            os.replace(unfinished, path)
        except BaseException:
            with suppress(OSError):
                unfinished.unlink()
            raise

    def flush(self) -> None:
        """Forget everything of the function."""
        for path in self._folder.glob(f"{self._base}.*.nbc"):
            path.unlink(missing_ok=True)

    def _path(self, key: Any) -> Path:
        return self._folder / f"{self._base}.{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}.nbc"

    def _digest(self, content: bytes) -> bytes:
        return hashlib.sha256(self._stamp + b"\n" + content).digest()


def _divided(written: bytes) -> tuple[bytes, bytes]:
    size = hashlib.sha256().digest_size
    return written[:size], written[size:]


@cache
def _compiling_sources() -> str:
    """SHA-256 of the files that say how kernels are compiled."""
    digest = hashlib.sha256()
    for name in ("boxing.py", "compiling.py", "dispatchers.py", "kernel_cache.py"):
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
