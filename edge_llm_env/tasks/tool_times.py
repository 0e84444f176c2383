"""How long tools take."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from edge_llm_env.support import elementary
from edge_llm_env.support.quantities import DurationS
from edge_llm_env.support.section import Section
from edge_llm_env.tasks.kinds.chain import Z_90


class ToolTimes(Section):
    """Lognormal times of tools, those beyond `longest_s` cut to it.

    Of coding agents' tools the median is 0.3 s and the 90th percentile 13.6 s (arXiv 2606.30560,
    session_timing_distribution).
    """

    median_s: DurationS = 0.3
    p90_s: DurationS = Field(default=13.6, description="90th percentile")
    longest_s: DurationS = Field(default=60.0, description="after which a tool is stopped")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.p90_s <= self.median_s:
            raise ValueError(f"p90_s = {self.p90_s:g}: must be more than median_s = {self.median_s:g}")
        return self

    def draw(self, rng: np.random.Generator, tools: int) -> NDArray[np.float64]:
        """Times of that many tools (s)."""
        deviation = math.log(self.p90_s / self.median_s) / Z_90
        return np.minimum(self.median_s * elementary.exp(deviation * rng.standard_normal(tools)), self.longest_s)
