"""Writing files so that each is whole or not there at all, whenever the process is killed or the disk is full."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write a text file, UTF-8; folders on the way are made. Raises OSError, which leaves what was there."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file; folders on the way are made. Raises OSError, which names it and leaves what was there.

    It is written under a hidden name of this process and thread, and then moved: a kill leaves at most that file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name[:100]}.{os.getpid()}-{threading.get_ident()}.unfinished")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException as error:
        with suppress(OSError):
            unfinished.unlink()
        if isinstance(error, OSError) and error.errno is not None:  # a full disk does not say which file it was
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
