"""Saving models and figures so that each file is whole or not there at all."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from edge_llm_env.support.system.files import write_bytes
from edge_llm_env.support.system.interruptions import interruption_behind


def archive_of(model: Any) -> BytesIO:
    """What a Stable-Baselines3 model saves.

    Raises KeyboardInterrupt where torch, interrupted while it writes, says only that its archive is not whole.
    """
    archive = BytesIO()
    try:
        model.save(archive)
    except RuntimeError as error:
        if (interruption := interruption_behind(error)) is not None:
            raise interruption from None
        raise
    return archive


def save_model(model: Any, path: Path) -> None:
    """Save a Stable-Baselines3 model; folders on the way are made."""
    write_bytes(path, archive_of(model).getvalue())


def save_figure(figure: Any, path: Path, dpi: int) -> None:
    """Save a figure of Matplotlib as PNG; folders on the way are made."""
    content = BytesIO()
    figure.savefig(content, format="png", dpi=dpi)
    write_bytes(path, content.getvalue())
