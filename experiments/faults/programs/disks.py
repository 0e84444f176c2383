"""Commands on a disk that is full, and among files and folders that they may not read or write."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from experiments.faults.case import Case, FaultError, Kind
from experiments.faults.programs.commands import folder_of_its_own, raise_refusal
from experiments.faults.programs.kills import KILLED, by_name, check_whole, in_child, warm_up
from experiments.faults.programs.rights import give_up_rights
from experiments.faults.small_runs import FILES, SMALL, begin_folder

PAGE_BYTES = 4096
"""Of what a file takes at least."""

LEAST_BYTES, MOST_BYTES = (len(FILES) + 1) * PAGE_BYTES, (len(FILES) + 20) * PAGE_BYTES
"""Of a disk: room for what a small run reads, and for some or all of what it writes."""


@contextmanager
def full(folder: Path, rng: np.random.Generator) -> Iterator[Callable[[], None]]:
    """A disk of some kilobytes."""
    size = int(rng.integers(LEAST_BYTES, MOST_BYTES))
    if _mounted(folder, size):
        try:
            yield lambda: None
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
    else:  # where only root may mount: no file may be longer, which a write is told by another error
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size // 4, size // 4))


def _mounted(folder: Path, size: int) -> bool:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def closed(folder: Path, rng: np.random.Generator) -> Iterator[Callable[[], None]]:
    """A folder that cannot be written."""

    def begin() -> None:
        folder.chmod(0o555)
        give_up_rights()

    yield begin


@contextmanager
def unreadable(folder: Path, rng: np.random.Generator) -> Iterator[Callable[[], None]]:
    """Files that cannot be read, in a folder that can be written."""

    def begin() -> None:
        for path in folder.iterdir():
            path.chmod(0)
        give_up_rights()

    yield begin


WAYS = (full, full, closed, unreadable)


def without_disk(seed: int, index: int) -> Case:
    """A small run of a command that writes, where it cannot."""
    rng = np.random.default_rng([seed, 44, index])
    line = by_name()[list(KILLED)[index % len(KILLED)]]
    way = WAYS[(index // len(KILLED)) % len(WAYS)]

    def do() -> None:
        warm_up(line.name)
        with folder_of_its_own() as outside:
            folder = outside / "disk"
            folder.mkdir()
            with way(folder, rng) as begin:
                begin_folder(folder)
                try:
                    os.chdir(folder)
                    status, said = in_child(line, SMALL[line.name], outside, begin=begin)
                finally:
                    os.chdir(outside)
                    folder.chmod(0o755)
                    for path in folder.iterdir():
                        path.chmod(0o755 if path.is_dir() else 0o644)
                check_whole(folder)
                left = [path.name for path in folder.rglob("*.unfinished")]
                if left:
                    raise FaultError(f"left {left[0]} behind")
                raise_refusal(status, said)

    return Case(f"{line.name}: {(way.__doc__ or '').rstrip('.')}", do, may_hold=True)


def prepare() -> None:
    """Import every command."""
    by_name()


WHOLE = 3 * len(KILLED) * len(WAYS)

DISKS = Kind("commands without room or permission", without_disk, prepare, WHOLE, cpu_limit_s=180.0)
