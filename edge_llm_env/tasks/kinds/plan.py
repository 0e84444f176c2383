"""Plans: one call that plans, several side by side, one that joins."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from edge_llm_env.tasks.kinds.kind import ASKED, INSTRUCTED, OBSERVED, Shape, TaskKind

MOST_BRANCHES = 16


class Plan(TaskKind):
    """A planning call, `least_branches` to `most_branches` calls side by side, equally likely, and one that joins.

    Each branch reads the plan and what its tool answers; the join reads the plan and all branches' answers.
    """

    kind: Literal["plan"]
    least_branches: int = Field(ge=1, le=MOST_BRANCHES)
    most_branches: int = Field(ge=1, le=MOST_BRANCHES)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.least_branches > self.most_branches:
            raise ValueError(
                f"least_branches = {self.least_branches}: must be at most most_branches = {self.most_branches}"
            )
        return self

    def size_shares(self) -> NDArray[np.float64]:
        """How likely each number of branches is."""
        sizes = self.most_branches - self.least_branches + 1
        return np.full(sizes, 1.0 / sizes)

    def shape(self, size: int) -> Shape:
        """Plan, branches, join."""
        branches = self.least_branches + size
        return Shape(
            predecessors=((), *[(0,)] * branches, tuple(range(branches + 1))),
            continues=(-1, *[0] * (branches + 1)),
            new=(ASKED, *[OBSERVED] * branches, INSTRUCTED),
            reads=(*[False] * (branches + 1), True),
            tools=(False, *[True] * branches, False),
        )
