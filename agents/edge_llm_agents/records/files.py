"""Saving models and figures so that each file is whole or not there at all."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from edge_llm_env.support.system.files import write_bytes


def save_model(model: Any, path: Path) -> None:
    """Save a Stable-Baselines3 model; folders on the way are made."""
    archive = BytesIO()
    model.save(archive)
    write_bytes(path, archive.getvalue())


def save_figure(figure: Any, path: Path, dpi: int) -> None:
    """Save a figure of Matplotlib as PNG; folders on the way are made."""
    content = BytesIO()
    figure.savefig(content, format="png", dpi=dpi)
    write_bytes(path, content.getvalue())
