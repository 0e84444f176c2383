"""Output lengths as they are."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.beliefs.length_belief import LengthBelief
from edge_llm_env.radio.draws import Draws


class ExactLengths(LengthBelief):
    """The node knows the lengths."""

    kind: Literal["exact"] = "exact"

    def draw(self, draws: Draws, output_tokens: NDArray[np.int64], longest: int) -> None:
        """The lengths themselves: nothing is drawn."""
        return
