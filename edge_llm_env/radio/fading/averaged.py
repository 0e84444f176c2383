"""Fading that averages out within an epoch."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.draws import Draws
from edge_llm_env.radio.fading.fading import Fading


class AveragedFading(Fading):
    """None is left: users pass through so many fades in an epoch that its rate is that of the mean gain, by assumption.

    At 10 m/s and 2 GHz the Doppler is 67 Hz, and fades last some 6 ms (0.423 / f_D, T. S. Rappaport, Wireless
    Communications, 2nd edition, equation 5.40c). The mean rate over fades is a little below the rate of the mean gain.
    """

    kind: Literal["averaged"]

    def draw(
        self, draws: Draws, line_of_sight: NDArray[np.bool_], blocks: int, epoch_s: float, carrier_hz: float
    ) -> NDArray[np.float64]:
        """Gains of 1, shape (users, blocks)."""
        return self.independent(draws, self.k_factor(line_of_sight), blocks)

    def correlations(self, epochs: int, epoch_s: float, carrier_hz: float) -> NDArray[np.float64]:
        """1, as nothing changes; shape (epochs,)."""
        return np.ones(epochs)

    @property
    def power_variance(self) -> float:
        """None."""
        return 0.0

    def k_factor(self, line_of_sight: NDArray[np.bool_]) -> NDArray[np.float64]:
        """No path is apart from the others."""
        return np.zeros(len(line_of_sight))

    def independent(self, draws: Draws, k_factor: NDArray[np.float64], blocks: int) -> NDArray[np.float64]:
        """Gains of 1, shape (users, blocks)."""
        return np.ones((draws.users, blocks))
