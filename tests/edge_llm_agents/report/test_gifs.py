"""Animations that are saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from edge_llm_agents.report.watching import save_gif


def test_small_marks_keep_their_colours(tmp_path: Path):
    picture = np.full((200, 200, 3), 255, dtype=np.uint8)
    picture[:, 100:] = np.random.default_rng(0).integers(0, 256, (200, 100, 1))  # shades that ask for most of a palette
    picture[5:9, 5:9], picture[15:19, 5:9] = (230, 120, 20), (130, 60, 170)
    save_gif([picture], tmp_path / "marks.gif", 4.0)
    with Image.open(tmp_path / "marks.gif") as image:
        shown = np.array(image.convert("RGB")).astype(int)
    for at in ((6, 6), (16, 6)):
        assert np.abs(shown[at] - picture[at]).max() <= 20
