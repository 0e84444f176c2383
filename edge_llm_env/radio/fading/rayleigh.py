"""Rayleigh fading."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.fading.fading import Fading


class RayleighFading(Fading):
    """Many scattered paths and no direct one."""

    kind: Literal["rayleigh"]

    def k_factor(self, line_of_sight: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Nobody has a direct path."""
        return np.zeros(len(line_of_sight))

    def independent(self, rng: np.random.Generator, k_factor: NDArray[np.float64], blocks: int) -> NDArray[np.float64]:
        """Power gains of independent blocks, shape (users, blocks)."""
        return rayleigh_power_gains(rng, len(k_factor), blocks)


def rayleigh_power_gains(rng: np.random.Generator, users: int, blocks: int) -> NDArray[np.float64]:
    """Power gains of independent Rayleigh blocks, shape (users, blocks): the power of the envelope is exponential."""
    return rng.standard_exponential(size=(users, blocks))
