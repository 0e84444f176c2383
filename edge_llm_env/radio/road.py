"""A straight road through the cell, and users who drive along it at speeds that the node knows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from edge_llm_env.radio.draws import Draws
from edge_llm_env.support import elementary
from edge_llm_env.support.quantities import DistanceM, SpeedMPerS
from edge_llm_env.support.section import Section


class Road(Section):
    """Users begin anywhere on the road within the cell, drive either way, and keep their speed.

    Who leaves the cell drives on, and is heard as far as it is: there is no other cell. Shadowing is that of
    `path_loss`, correlated along the road by exp(-distance / `shadowing_correlation_m`) (M. Gudmundson, Correlation
    model for shadow fading in mobile radio systems, Electronics Letters 27(23), 1991).
    """

    distance_m: DistanceM = Field(description="of the road from the base station, where it is nearest")
    min_speed_m_per_s: SpeedMPerS = Field(description="speeds are uniform from here")
    max_speed_m_per_s: SpeedMPerS = Field(description="to here")
    shadowing_correlation_m: DistanceM = Field(
        default=30.0, description="distance over which the correlation of shadowing falls to 1/e"
    )

    @model_validator(mode="after")
    def _speeds_are_ordered(self) -> Road:
        if self.min_speed_m_per_s > self.max_speed_m_per_s:
            raise ValueError(
                f"min_speed_m_per_s = {self.min_speed_m_per_s:g}: must be at most "
                f"max_speed_m_per_s = {self.max_speed_m_per_s:g}"
            )
        return self

    def travelled_m(self, draws: Draws, epoch_s: float) -> NDArray[np.float64]:
        """What users drive in an epoch (m), shape (users,): negative for those who drive the other way."""
        speed, way = draws.random(before=(2,))
        metres = epoch_s * (self.min_speed_m_per_s + speed * (self.max_speed_m_per_s - self.min_speed_m_per_s))
        return np.where(way < 0.5, metres, -metres)

    def distances_m(
        self, quantile: NDArray[np.float64], travelled_m: NDArray[np.float64], cell_radius_m: float, blocks: int
    ) -> NDArray[np.float64]:
        """Distances (m) from the base station at the starts of epochs, shape (users, blocks).

        Users begin uniformly, at quantiles in 0..1, on the part of the road that lies in the cell.
        """
        half_m = np.sqrt(cell_radius_m**2 - self.distance_m**2)
        along_m = (2.0 * quantile - 1.0)[:, None] * half_m + travelled_m[:, None] * np.arange(blocks)
        return np.hypot(along_m, self.distance_m)

    def shadowing_along(self, draws: Draws, travelled_m: NDArray[np.float64], blocks: int) -> NDArray[np.float64]:
        """Shadowing at the starts of epochs, in standard deviations, shape (users, blocks)."""
        kept = elementary.exp(-np.abs(travelled_m) / self.shadowing_correlation_m)
        drawn = draws.standard_normal(after=(blocks,))
        shadowing = np.empty_like(drawn)
        shadowing[:, 0] = drawn[:, 0]
        for block in range(1, blocks):
            shadowing[:, block] = kept * shadowing[:, block - 1] + np.sqrt(1.0 - kept**2) * drawn[:, block]
        return shadowing

    def shadowing_correlations(self, epochs: int, epoch_s: float) -> NDArray[np.float64]:
        """Correlation of shadowing in dB, now and after 1 to `epochs` epochs, at the mean speed; shape (epochs,)."""
        mean_m_per_s = (self.min_speed_m_per_s + self.max_speed_m_per_s) / 2.0
        driven_m = mean_m_per_s * epoch_s * np.arange(1, epochs + 1)
        return elementary.exp(-driven_m / self.shadowing_correlation_m)


def correlations_of_product(
    shadowing_variance: float,
    shadowing: NDArray[np.float64],
    fading_variance: float,
    fading: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Correlations of shadowing times fading, of linear gains, of the shape of both correlations.

    Shadowing is log-normal, with correlations in dB and the variance of its natural logarithm; fading has mean 1 and
    correlations of its power: both are independent. What never changes is correlated by 1.
    """
    variance = math.exp(shadowing_variance) * (1.0 + fading_variance) - 1.0
    if variance <= 0.0:
        return np.ones(len(shadowing))
    return (elementary.exp(shadowing_variance * shadowing) * (1.0 + fading_variance * fading) - 1.0) / variance
