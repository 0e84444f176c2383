"""The window of render mode `human`."""

from __future__ import annotations

import pygame


class Window:
    """A window that shows pictures at a steady rate, opened by the first one.

    Once the user has closed it, it stays closed.
    """

    def __init__(self, title: str, frames_per_s: float) -> None:
        self.was_closed = False
        self._title = title
        self._frames_per_s = frames_per_s
        self._screen: pygame.Surface | None = None
        self._clock = pygame.time.Clock()

    def show(self, picture: pygame.Surface) -> None:
        """Show a picture, and wait until it is time for it."""
        if self.was_closed:
            return
        if self._screen is None:
            pygame.display.init()
            self._screen = pygame.display.set_mode(picture.get_size())
            pygame.display.set_caption(self._title)
        self.answer_user()
        if self._screen is not None:
            self._screen.blit(picture, (0, 0))
            pygame.display.flip()
            self._clock.tick(self._frames_per_s)

    def answer_user(self) -> None:
        """Close the window if the user has asked for that."""
        if self._screen is not None and any(event.type == pygame.QUIT for event in pygame.event.get()):
            self.was_closed = True
            self.close()

    def close(self) -> None:
        """Close the window, if it is open."""
        if self._screen is not None:
            pygame.display.quit()
            self._screen = None
