"""Drawing on a surface: boxes, lines, and text that keeps to its width."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

try:
    import pygame
    import pygame.font
except ImportError:
    raise DependencyNotInstalled('pygame is not installed: pip install "edge-llm-env[viewer]"') from None

Colour: TypeAlias = tuple[int, int, int]

INK: Colour = (33, 37, 41)
GREY: Colour = (108, 117, 125)
FAINT: Colour = (222, 226, 230)
PAPER: Colour = (255, 255, 255)


def ink_on(colour: Colour) -> Colour:
    """The ink that is read best on a colour."""
    red, green, blue = colour
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else PAPER


class Canvas:
    """A surface of pixels, with (0, 0) at the top left; needs no window."""

    def __init__(self, width: int, height: int) -> None:
        pygame.font.init()
        self.surface = pygame.Surface((width, height), depth=32)
        self._font = lru_cache(maxsize=None)(lambda size: pygame.font.Font(None, size))
        self._rendered = lru_cache(maxsize=2048)(self._render)

    def clear(self) -> None:
        """Nothing but paper."""
        self.surface.fill(PAPER)
        try:
            self.text_width("", 16)
        except pygame.error:  # somebody else has quit pygame, and with it all fonts
            pygame.font.init()
            self._font.cache_clear()

    def text(
        self,
        text: str,
        x: float,
        y: float,
        size: int,
        colour: Colour = INK,
        *,
        align: Literal["left", "centre", "right"] = "left",
        width: float | None = None,
    ) -> float:
        """Write a line with its middle at height `y`, shortened to `width`; how wide it came out."""
        drawn = self._rendered(text if width is None else self.shortened(text, size, width), size, colour)
        left = x - {"left": 0.0, "centre": 0.5, "right": 1.0}[align] * drawn.get_width()
        self.surface.blit(drawn, (round(left), round(y - drawn.get_height() / 2)))
        return float(drawn.get_width())

    def text_width(self, text: str, size: int) -> float:
        """How wide a line comes out."""
        return float(self._font(2 * size).size(text)[0] // 2)

    def shortened(self, text: str, size: int, width: float) -> str:
        """The text, or as much of its beginning as fits before an ellipsis."""
        if self.text_width(text, size) <= width:
            return text
        while text and self.text_width(text + "…", size) > width:
            text = text[:-1]
        return text + "…" if text else ""

    def box(
        self, x: float, y: float, width: float, height: float, colour: Colour, *, outline: Colour | None = None
    ) -> None:
        """Fill a box, of at least a pixel where it has any width and height at all."""
        area = pygame.Rect(round(x), round(y), max(1, round(width)), max(1, round(height)))
        if width > 0.0 and height > 0.0:
            self.surface.fill(colour, area)
        if outline is not None:
            pygame.draw.rect(self.surface, outline, area, width=1)

    def hatched(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill a box with slanted lines."""
        area = pygame.Rect(round(x), round(y), max(1, round(width)), max(1, round(height)))
        self.surface.set_clip(area)
        for start in range(area.left - area.height, area.right, 5):
            ends = (start, area.bottom), (start + area.height, area.top)
            pygame.draw.line(self.surface, colour, *ends)
        self.surface.set_clip(None)
        pygame.draw.rect(self.surface, colour, area, width=1)

    def line(self, x: float, y: float, end_x: float, end_y: float, colour: Colour, width: int = 1) -> None:
        """A straight line."""
        pygame.draw.line(self.surface, colour, (round(x), round(y)), (round(end_x), round(end_y)), width)

    def pixels(self) -> NDArray[np.uint8]:
        """A copy of the surface, uint8 of shape (height, width, 3)."""
        width, height = self.surface.get_size()
        flat = np.frombuffer(pygame.image.tobytes(self.surface, "RGB"), dtype=np.uint8)
        return flat.reshape(height, width, 3).copy()

    def _render(self, text: str, size: int, colour: Colour) -> pygame.Surface:
        twice = self._font(2 * size).render(text, True, colour)  # spaced more evenly than at its own size
        return pygame.transform.smoothscale(twice, (twice.get_width() // 2, twice.get_height() // 2))
