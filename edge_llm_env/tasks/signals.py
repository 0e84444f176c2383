"""What is seen of a task that says something of how large it is, in a form that nobody has written down."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_llm_env.support import elementary
from edge_llm_env.support.section import Section

SIZE = 5
"""Numbers of a signal."""


class _Form(NamedTuple):
    """How y is shown of a kind of task."""

    turn: float
    """Of the second angle, for each unit of y (radians)."""
    order: NDArray[np.int64]
    """(SIZE,) which number each entry is: cosine and sine of the first angle, of the second, and what is faint."""


class Signals(Section):
    """With every call of a task comes a vector in 0..1 that goes with the task's size, as the text of a prompt does.

    The first comes with the request and each later one with the answers before it. Behind it is y = ρ·z + √(1 - ρ²)·ε
    with z the normal score of the task's size among those of its kind, and ε a new normal number in each call. What is
    shown of y is the difference of two angles, the first of them random, and faintly one number that y and chance make
    up; which entry is which, and how y turns the angle, is hidden and of each kind its own.
    """

    correlation: Annotated[float, Field(ge=0, le=1)] = Field(default=0.8, description="ρ, of y and z")
    form_seed: int = Field(default=0, ge=0, le=2**31, description="which form; hidden")

    def draw(
        self, rng: np.random.Generator, kind: NDArray[np.int64], score: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Signals of shape (calls, SIZE) of calls of tasks of those kinds and normal scores of their sizes."""
        normal = rng.standard_normal((3, len(kind)))
        behind = self.correlation * score + np.sqrt(1.0 - self.correlation**2) * normal[0]
        first = np.pi * normal[1]
        shown = np.empty((len(kind), SIZE))
        for each in np.unique(kind).tolist():
            form, mine = self._form(each), kind == each
            second = first[mine] + form.turn * behind[mine]
            faint = np.clip(0.5 + 0.1 * behind[mine] + 0.15 * normal[2][mine], 0.0, 1.0)
            waves = [np.cos(first[mine]), np.sin(first[mine]), np.cos(second), np.sin(second)]
            shown[mine] = np.stack([*(0.5 + 0.5 * wave for wave in waves), faint], axis=1)[:, form.order]
        return np.clip(shown, 0.0, 1.0)

    def behind(self, kind: NDArray[np.int64], shown: NDArray[np.float64]) -> NDArray[np.float64]:
        """What is behind signals, y of n calls, (n,), of (n, SIZE): what only an informed rule can tell.

        It is exact where |y| turns the angle by less than half a circle, as it does but for one call in a hundred.
        """
        found = np.empty(len(kind))
        for each in np.unique(kind).tolist():
            form, mine = self._form(each), kind == each
            waves = 2.0 * shown[mine][:, np.argsort(form.order)] - 1.0
            turned = elementary.arctan2(waves[:, 3], waves[:, 2]) - elementary.arctan2(waves[:, 1], waves[:, 0])
            found[mine] = ((turned + np.pi) % (2.0 * np.pi) - np.pi) / form.turn
        return found

    def _form(self, kind: int) -> _Form:
        """That of a kind."""
        drawn = np.random.default_rng([self.form_seed, kind])
        turn = drawn.choice([-1.0, 1.0]) * drawn.uniform(0.8, 1.2)
        return _Form(float(turn), drawn.permutation(SIZE))
