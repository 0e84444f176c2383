from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.image
import pytest

from experiments.pages.pictures import validation_plot
from experiments.pages.pictures.validation_plot import plot_validation


def report() -> dict[str, Any]:
    values = {"decode": 0.01, "decode, batch > 1": 0.02, "prefill": 0.5, "memory": 4e9}
    return {
        "predictions": [
            {
                "device": "rtx-3090",
                "lengths_published": True,
                "phase": phase,
                "value": value,
                "predicted": {"device": 1.1 * value},
            }
            for phase, value in values.items()
        ],
        "spreads": {phase: {"engine measured": 0.2} for phase in values},
    }


def test_it_draws_a_picture(tmp_path: Path) -> None:
    assert plot_validation(report(), tmp_path / "folder" / "picture.png")
    picture = matplotlib.image.imread(tmp_path / "folder" / "picture.png")
    assert picture.shape[1] >= picture.shape[0] > 500
    assert len({tuple(pixel) for pixel in picture.reshape(-1, picture.shape[2])[::97]}) > 3


def test_without_matplotlib_it_draws_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation_plot, "find_spec", lambda name: None)
    assert not plot_validation(report(), tmp_path / "picture.png")
    assert not list(tmp_path.iterdir())
