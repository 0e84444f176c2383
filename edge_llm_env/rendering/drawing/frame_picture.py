"""What pictures of frames share: their size, the canvas that each frame is drawn on over the last, the heading."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.rendering.drawing.canvas import GREY, Canvas

if TYPE_CHECKING:
    import pygame

WIDTH, HEIGHT, MARGIN = 800, 600, 16


class FramePicture:
    """A picture of 800 × 600 pixels, on which an environment's own draws its frames."""

    def __init__(self) -> None:
        self._canvas = Canvas(WIDTH, HEIGHT)

    @property
    def surface(self) -> pygame.Surface:
        """What was drawn last."""
        return self._canvas.surface

    def pixels(self) -> NDArray[np.uint8]:
        """What was drawn last, uint8 of shape (600, 800, 3)."""
        return self._canvas.pixels()


def draw_heading(canvas: Canvas, what: str, when: str, counters: Iterable[tuple[str, int]]) -> None:
    """What is played, when, and what has become of the requests so far."""
    taken = canvas.text(when, WIDTH - MARGIN, 22, 20, align="right")
    canvas.text(what, MARGIN, 22, 24, width=WIDTH - 2 * MARGIN - taken - 24)
    x = float(MARGIN)
    for name, count in counters:
        x += canvas.text(f"{name.replace('_', ' ')} ", x, 46, 16, GREY)
        x += canvas.text(f"{count}", x, 46, 16) + 12
