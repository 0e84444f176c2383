"""Processes that compile kernels: at once into one cache, and into one that is damaged or cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from experiments.faults.case import Case, FaultError, Kind
from experiments.faults.programs.rights import give_up_rights

KERNELS = """
import numpy as np
from edge_llm_env.solver.search_state import default_node_limit
from edge_llm_env.support.sorting import ascending_order
print(default_node_limit(100), ascending_order(np.array([3.0, 1.0, 2.0, 0.0])).tolist())
"""
"""What each process runs: two kernels that take a second to compile."""

EXPECTED = "671088 [3, 1, 2, 0]"


def _empty(folder: Path, rng: np.random.Generator) -> None:
    """Nothing yet."""


def _kept(folder: Path, rng: np.random.Generator) -> None:
    """All that a process before has compiled."""
    _run_all(folder, 1)


def _damaged(folder: Path, rng: np.random.Generator) -> None:
    """What a process before has compiled, cut and changed."""
    _run_all(folder, 1)
    for path in sorted(folder.rglob("*.nb*")):
        content = bytearray(path.read_bytes())
        if rng.random() < 0.5:
            content = content[: int(rng.integers(len(content)))]
        else:
            content[int(rng.integers(len(content)))] ^= int(rng.integers(1, 256))
        path.write_bytes(content)


def _closed(folder: Path, rng: np.random.Generator) -> None:
    """A folder that cannot be written."""
    folder.chmod(0o555)


def _file(folder: Path, rng: np.random.Generator) -> None:
    """A file where the folder should be."""
    folder.rmdir()
    folder.write_text("")


CACHES: tuple[Callable[[Path, np.random.Generator], None], ...] = (_empty, _kept, _damaged, _closed, _file)


def compiling(seed: int, index: int) -> Case:
    """Some processes at once with one cache."""
    rng = np.random.default_rng([seed, 43, index])
    prepare_cache, processes = CACHES[index % len(CACHES)], int(rng.integers(1, 5))

    def do() -> None:
        with tempfile.TemporaryDirectory(prefix="faults-") as name:
            cache = Path(name) / "cache"
            cache.mkdir()
            prepare_cache(cache, rng)
            _run_all(cache, processes)
            if cache.is_dir():
                cache.chmod(0o755)

    return Case(f"{processes} processes, cache: {(prepare_cache.__doc__ or '').rstrip('.')}", do, may_hold=True)


def _run_all(cache: Path, count: int) -> None:
    """So many processes, begun at once; raises `FaultError` where one fails or is wrong."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", KERNELS],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=give_up_rights,
        )
        for _ in range(count)
    ]
    ended = [(process, *process.communicate()) for process in begun]
    for process, found, said in ended:
        if process.returncode != 0 or found.strip() != EXPECTED:
            raise FaultError(f"status {process.returncode}, {found!r}, {said[-300:]!r}")


def prepare() -> None:
    """Nothing: it is compiling that is tried."""


COMPILING = Kind("processes that compile into one cache", compiling, prepare, whole=100, cpu_limit_s=300.0)
