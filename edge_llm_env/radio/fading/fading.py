"""What every kind of fading is: settings of a scenario that draw users' power gains over epochs."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_llm_env.radio.draws import Draws
from edge_llm_env.radio.fading.gains import bessel_j0, doppler_hz, moving_power_gains
from edge_llm_env.support.quantities import SpeedMPerS
from edge_llm_env.support.section import Section

UserSpeed = Annotated[
    SpeedMPerS | None,
    Field(description="correlates a user's epochs by its Doppler; without it they fade independently, at 0 not at all"),
]


class Fading(Section):
    """A kind of fading; its `kind`, a literal, is its name in scenarios."""

    kind: str
    user_speed_m_per_s: UserSpeed = None

    def draw(
        self,
        draws: Draws,
        line_of_sight: NDArray[np.bool_],
        blocks: int,
        epoch_s: float,
        carrier_hz: float,
    ) -> NDArray[np.float64]:
        """Power gains of mean 1 at the starts of epochs, `epoch_s` apart, shape (users, blocks)."""
        k_factor = self.k_factor(line_of_sight)
        if self.user_speed_m_per_s is None:
            return self.independent(draws, k_factor, blocks)
        doppler = doppler_hz(self.user_speed_m_per_s, carrier_hz)
        times_s = epoch_s * np.arange(blocks, dtype=np.float64)
        # One by one: products of large complex arrays are rounded as NumPy swaps factors to save memory.
        return np.concatenate(
            [moving_power_gains(alone, k_factor[users], times_s, doppler) for alone, users in draws.episodes()]
        )

    def correlations(self, epochs: int, epoch_s: float, carrier_hz: float) -> NDArray[np.float64]:
        """Correlation of a user's power gain now and after 1 to `epochs` epochs, shape (epochs,).

        Without a speed epochs are independent. With one, gains of scattered paths are correlated by
        ρ = J0(2π·f_D·t) (Clarke's model), their powers by ρ²; so are those of Rician users, averaged over directions of
        their direct path.
        """
        if self.user_speed_m_per_s is None:
            return np.zeros(epochs)
        lags_s = epoch_s * np.arange(1, epochs + 1, dtype=np.float64)
        return bessel_j0(2.0 * np.pi * doppler_hz(self.user_speed_m_per_s, carrier_hz) * lags_s) ** 2

    @property
    @abstractmethod
    def power_variance(self) -> float:
        """Variance of the power gain, of mean 1, of who sees the base station."""

    @abstractmethod
    def k_factor(self, line_of_sight: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Power of each user's direct path over that of the scattered ones, linear, shape (users,); 0 is Rayleigh."""

    @abstractmethod
    def independent(self, draws: Draws, k_factor: NDArray[np.float64], blocks: int) -> NDArray[np.float64]:
        """Power gains of independent blocks, shape (users, blocks)."""
