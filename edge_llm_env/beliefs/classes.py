"""Output lengths by class."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from edge_llm_env.beliefs.length_belief import LengthBelief
from edge_llm_env.radio.draws import Draws
from edge_llm_env.support.quantities import Tokens


class LengthClasses(LengthBelief):
    """A classifier's prediction of the class that a length falls in; the longest of that class is reserved (S3, arXiv
    2306.06000).
    """

    kind: Literal["classes"]
    upper_tokens: Annotated[tuple[Tokens, ...], Field(min_length=1)] = Field(
        description="longest length of each class but the last, which ends at the longest output, ascending"
    )
    accuracy: float = Field(
        default=1.0, ge=0, le=1, description="how often the class is right; else it is a neighbour, each as often"
    )

    @field_validator("upper_tokens")
    @classmethod
    def _ascending(cls, upper: tuple[int, ...]) -> tuple[int, ...]:
        if any(one >= other for one, other in pairwise(upper)):
            raise ValueError(f"{', '.join(map(str, upper))}: must be in ascending order")
        return upper

    def draw(self, draws: Draws, output_tokens: NDArray[np.int64], longest: int) -> NDArray[np.int64]:
        """The longest lengths of the predicted classes, of shape (requests,)."""
        right, side = draws.random(before=(2,))
        last = len(self.upper_tokens)
        true = np.searchsorted(self.upper_tokens, output_tokens, side="left")
        neighbour = np.where(side < 0.5, true - 1, true + 1)
        neighbour = np.where(neighbour < 0, 1, np.where(neighbour > last, last - 1, neighbour))
        predicted = np.where(right < self.accuracy, true, neighbour)
        return np.minimum(np.array([*self.upper_tokens, longest], dtype=np.int64)[predicted], longest)
