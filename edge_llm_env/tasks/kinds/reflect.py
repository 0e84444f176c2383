"""Reflection: answer, criticise, and again until the answer is accepted."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_llm_env.tasks.kinds.kind import ASKED, INSTRUCTED, MOST_CALLS, Shape, TaskKind, geometric_shares


class Reflect(TaskKind):
    """Rounds of an answer and its criticism on one context, until one is accepted; no tools."""

    kind: Literal["reflect"]
    accept_probability: Annotated[float, Field(gt=0, le=1)] = Field(description="per round")
    most_rounds: int = Field(ge=1, le=MOST_CALLS // 2, description="the last answer is accepted")

    def size_shares(self) -> NDArray[np.float64]:
        """How likely 1 to `most_rounds` rounds are."""
        return geometric_shares(1.0 - self.accept_probability, self.most_rounds)

    def shape(self, size: int) -> Shape:
        """Two calls a round, one after another."""
        calls = 2 * (size + 1)
        return Shape(
            predecessors=tuple(() if call == 0 else (call - 1,) for call in range(calls)),
            continues=tuple(range(-1, calls - 1)),
            new=(ASKED, *[INSTRUCTED] * (calls - 1)),
            reads=(False,) * calls,
            tools=(False,) * calls,
        )
