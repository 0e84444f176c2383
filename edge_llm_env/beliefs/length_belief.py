"""What every kind of belief of output lengths is: settings of a scenario that draw what the node reserves."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.draws import Draws
from edge_llm_env.support.section import Section


class LengthBelief(Section):
    """A kind of belief of output lengths; its `kind`, a literal, is its name in scenarios."""

    kind: str

    @abstractmethod
    def draw(self, draws: Draws, output_tokens: NDArray[np.int64], longest: int) -> NDArray[np.int64] | None:
        """Tokens that the node reserves for outputs of those lengths, 1 to `longest`, of shape (requests,); None where
        it knows the lengths.
        """
