"""Raw random numbers for the users of several episodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]


class Draws:
    """Random numbers for the users of several episodes, those of each episode from its own generator.

    Every array has an axis of users, episode after episode, behind axes of shape `before` and ahead of those of shape
    `after`. A generator gives the numbers that it would give alone, in the same order: what an episode is does not
    depend on those that are drawn with it, and what is computed of the numbers is computed once for all.
    """

    def __init__(self, generators: Sequence[np.random.Generator], users: Sequence[int]) -> None:
        self._episodes = tuple(zip(generators, users, strict=True))
        self.users = sum(users)
        """Of all episodes."""

    def episodes(self) -> Iterator[tuple[Draws, slice]]:
        """The draws of each episode alone, and where its users are among all."""
        first = 0
        for generator, users in self._episodes:
            yield Draws([generator], [users]), slice(first, first + users)
            first += users

    def of_some(self, chosen: NDArray[np.bool_]) -> Draws:
        """The draws of some users alone; `chosen`, (users,), says of whom."""
        counts = [int(chosen[users].sum()) for _, users in self.episodes()]
        return Draws([generator for generator, _ in self._episodes], counts)

    def random(self, before: Shape = (), after: Shape = ()) -> NDArray[np.float64]:
        """Uniform numbers in 0..1."""
        return self._joined(np.random.Generator.random, before, after)

    def standard_exponential(self, before: Shape = (), after: Shape = ()) -> NDArray[np.float64]:
        """Exponential numbers of mean 1."""
        return self._joined(np.random.Generator.standard_exponential, before, after)

    def standard_normal(self, before: Shape = (), after: Shape = ()) -> NDArray[np.float64]:
        """Normal numbers of mean 0 and variance 1."""
        return self._joined(np.random.Generator.standard_normal, before, after)

    def _joined(self, draw: Callable[..., NDArray[np.float64]], before: Shape, after: Shape) -> NDArray[np.float64]:
        drawn = [draw(generator, (*before, users, *after)) for generator, users in self._episodes]
        return drawn[0] if len(drawn) == 1 else np.concatenate(drawn, axis=len(before))
