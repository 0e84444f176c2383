"""Rician fading."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_llm_env.radio.draws import Draws
from edge_llm_env.radio.fading.fading import Fading
from edge_llm_env.radio.fading.gains import complex_normal, rician_power
from edge_llm_env.support.quantities import RatioDb


class RicianFading(Fading):
    """A direct path among scattered ones; with an urban path loss, for users who have a line of sight."""

    kind: Literal["rician"]
    k_factor_db: RatioDb = Field(description="K, power of the direct path over that of the scattered ones")

    @property
    def power_variance(self) -> float:
        """(1 + 2K) / (1 + K)²."""
        k: float = 10.0 ** (self.k_factor_db / 10.0)
        return (1.0 + 2.0 * k) / (1.0 + k) ** 2

    def k_factor(self, line_of_sight: NDArray[np.bool_]) -> NDArray[np.float64]:
        """K for who has a line of sight; the others are Rayleigh."""
        return np.where(line_of_sight, 10.0 ** (self.k_factor_db / 10.0), 0.0)

    def independent(self, draws: Draws, k_factor: NDArray[np.float64], blocks: int) -> NDArray[np.float64]:
        """Power gains of independent blocks, shape (users, blocks)."""
        return rician_power_gains(draws, k_factor, blocks)


def rician_power_gains(draws: Draws, k_factor: NDArray[np.float64], blocks: int) -> NDArray[np.float64]:
    """Power gains of independent Rician blocks, shape (users, blocks).

    `k_factor` (users,) is the power of the constant path over that of the scattered ones, linear, ≥ 0; at 0 the user's
    envelope is Rayleigh.
    """
    scattered = complex_normal(draws, blocks)
    return rician_power(k_factor, np.ones_like(scattered), scattered)
