"""Chains: think, act, observe, and again."""

from __future__ import annotations

import math
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from edge_llm_env.tasks.kinds.kind import ASKED, MOST_CALLS, OBSERVED, Shape, TaskKind

Z_90 = 1.2815515655446004
"""90th percentile of the normal distribution of mean 0 and variance 1."""

LEAST_SHORT = 1e-6
"""Part of all chains that `most_calls` must leave, since the others are not drawn."""


class Chain(TaskKind):
    """One call after another, each with all that was said before it and what a tool has answered in the meantime.

    The number of calls is lognormal, rounded up, below `most_calls`: that of coding agents has a median of 2 and a
    90th percentile of 21 (arXiv 2606.30560, session_internal_counts: tool-initiated steps and the first one).
    """

    kind: Literal["chain"]
    median_calls: float = Field(ge=1.0, le=MOST_CALLS, allow_inf_nan=False)
    p90_calls: float = Field(
        ge=1.0, le=100.0 * MOST_CALLS, allow_inf_nan=False, description="90th percentile of the calls"
    )
    most_calls: int = Field(ge=1, le=MOST_CALLS, description="longer chains are not drawn")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.p90_calls <= self.median_calls:
            raise ValueError(f"p90_calls = {self.p90_calls:g}: must be more than median_calls = {self.median_calls:g}")
        if (short := self._share_of_at_most(self.most_calls)) < LEAST_SHORT:
            raise ValueError(
                f"most_calls = {self.most_calls}: of chains of median_calls = {self.median_calls:g} and p90_calls = "
                f"{self.p90_calls:g} {short:.2g} are that short, must be at least {LEAST_SHORT:g}"
            )
        return self

    def _share_of_at_most(self, calls: int) -> float:
        """Of the lognormal distribution."""
        deviation = math.log(self.p90_calls / self.median_calls) / Z_90
        return 0.5 * (1.0 + math.erf(math.log(calls / self.median_calls) / deviation / math.sqrt(2.0)))

    def size_shares(self) -> NDArray[np.float64]:
        """How likely 1 to `most_calls` calls are."""
        below = [self._share_of_at_most(calls) for calls in range(1, self.most_calls + 1)]
        shares = np.diff(np.array([0.0, *below]))
        return shares / shares.sum()

    def shape(self, size: int) -> Shape:
        """Call after call."""
        calls = size + 1
        return Shape(
            predecessors=tuple(() if call == 0 else (call - 1,) for call in range(calls)),
            continues=tuple(range(-1, calls - 1)),
            new=(ASKED, *[OBSERVED] * (calls - 1)),
            reads=(False,) * calls,
            tools=(False, *[True] * (calls - 1)),
        )
