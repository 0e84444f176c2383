"""Writing files so that each is whole or not there at all, whenever the process is killed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def save_model(model: Any, path: Path) -> None:
    """Save a Stable-Baselines3 model."""
    unfinished = path.with_name(f".{path.name}.unfinished.zip")
    model.save(unfinished)
    _publish(unfinished, path)


def write_text(path: Path, text: str) -> None:
    """Write a text file, UTF-8; folders on the way are made."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file; folders on the way are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_bytes(content)
    _publish(unfinished, path)


def _publish(unfinished: Path, path: Path) -> None:
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(path)
