"""Rayleigh fading."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.draws import Draws
from edge_llm_env.radio.fading.fading import Fading


class RayleighFading(Fading):
    """Many scattered paths and no direct one."""

    kind: Literal["rayleigh"]

    @property
    def power_variance(self) -> float:
        """That of an exponential number."""
        return 1.0

    def k_factor(self, line_of_sight: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Nobody has a direct path."""
        return np.zeros(len(line_of_sight))

    def independent(self, draws: Draws, k_factor: NDArray[np.float64], blocks: int) -> NDArray[np.float64]:
        """Power gains of independent blocks, shape (users, blocks)."""
        return rayleigh_power_gains(draws, blocks)


def rayleigh_power_gains(draws: Draws, blocks: int) -> NDArray[np.float64]:
    """Power gains of independent Rayleigh blocks, shape (users, blocks): the power of the envelope is exponential."""
    return draws.standard_exponential(after=(blocks,))
