"""Showing frames, of whatever kind, in a render mode."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.workload.workload import Workload

if TYPE_CHECKING:
    import pygame

    from edge_llm_env.rendering.window import Window

RenderFrame: TypeAlias = NDArray[np.uint8] | str

AnyFrame = TypeVar("AnyFrame")


class Drawing(Protocol):
    """What draws frames, each over the last."""

    @property
    def surface(self) -> pygame.Surface:
        """What was drawn last."""
        ...

    def pixels(self) -> NDArray[np.uint8]:
        """What was drawn last, uint8 of shape (600, 800, 3)."""
        ...

    def draw(self, frame: Any) -> None:
        """Draw a frame."""
        ...


class Showing(ABC, Generic[AnyFrame]):
    """Shows the only row of a simulation as text, as pixels or in a window.

    Whoever steps that calls `begin` after a reset and `advance` after a step. Pygame is imported for the first picture.
    """

    def __init__(self, render_mode: str, frames_per_s: int) -> None:
        self.render_mode = render_mode
        self._frames_per_s = frames_per_s
        self._picture: Drawing | None = None
        self._window: Window | None = None

    @abstractmethod
    def begin(self, name: str, workload: Workload) -> None:
        """An episode has begun on a workload, in the environment of that name."""

    @abstractmethod
    def advance(self, parts_s: tuple[float, float] | None) -> None:
        """A step was taken; `parts_s` is T_U and T_D (s) where its action divided the epoch."""

    @abstractmethod
    def frame(self) -> AnyFrame:
        """What is to be shown; raises `ResetNeeded` before the first reset."""

    @abstractmethod
    def text(self, frame: AnyFrame) -> str:
        """The frame as text."""

    @abstractmethod
    def new_picture(self) -> Drawing:
        """What draws such frames; raises `DependencyNotInstalled` without pygame."""

    @abstractmethod
    def title(self, frame: AnyFrame) -> str:
        """The window's."""

    def render(self) -> RenderFrame | None:
        """The frame in the render mode: text, pixels (600, 800, 3), or None and the window shows it."""
        frame = self.frame()
        if self.render_mode == "ansi":
            return self.text(frame)
        if self._picture is None:
            self._picture = self.new_picture()
        self._picture.draw(frame)
        if self.render_mode == "rgb_array":
            return self._picture.pixels()
        if self._window is None:
            from edge_llm_env.rendering.window import Window

            self._window = Window(self.title(frame), self._frames_per_s)
        self._window.show(self._picture.surface)
        return None

    @property
    def was_closed(self) -> bool:
        """Whether the user has closed the window."""
        return self._window is not None and self._window.was_closed

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def __getstate__(self) -> dict[str, Any]:
        """Without picture and window, which a copy makes anew: they can be neither copied nor pickled."""
        return self.__dict__ | {"_picture": None, "_window": None}
