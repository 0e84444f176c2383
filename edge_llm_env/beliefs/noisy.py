"""Output lengths with an error."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_llm_env.beliefs.length_belief import LengthBelief
from edge_llm_env.radio.draws import Draws
from edge_llm_env.support import elementary


class NoisyLengths(LengthBelief):
    """A regression's prediction, off by a log-normal factor, and a margin on top."""

    kind: Literal["noisy"]
    deviation: float = Field(gt=0, le=10, description="standard deviation of the logarithm of the factor")
    margin: float = Field(
        default=0.0,
        ge=0,
        le=10,
        description="deviations by which more is reserved than predicted; 1.28 suffices in 90 %",
    )

    def draw(self, draws: Draws, output_tokens: NDArray[np.int64], longest: int) -> NDArray[np.int64]:
        """Tokens reserved, rounded up, of shape (requests,)."""
        factor = elementary.exp(self.deviation * (draws.standard_normal() + self.margin))
        return np.clip(np.ceil(output_tokens * factor), 1, longest).astype(np.int64)
