"""Log-distance path loss."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_llm_env.radio.draws import Draws
from edge_llm_env.radio.path_losses.path_loss import Attenuation, PathLoss, mean_of_shadowing
from edge_llm_env.support import elementary
from edge_llm_env.support.quantities import DeviationDb, LossDb, SlopeDb

MOST_DECADES = 300.0
"""Beyond 1 km, that a float holds: farther than any cell."""


class LogDistancePathLoss(PathLoss):
    """A loss that grows by a constant per decade of distance, the same for all users but for shadowing."""

    along_roads: ClassVar[bool] = True

    kind: Literal["log_distance"]
    intercept_db: LossDb = Field(description="path loss at 1 km")
    slope_db: SlopeDb = Field(description="path loss per decade of distance")
    shadowing_db: DeviationDb = Field(default=0.0, description="standard deviation of log-normal shadowing")

    @property
    def nearest_m(self) -> float:
        """Distance (m) at which PL is 0 dB."""
        decades = -self.intercept_db / self.slope_db
        return float(1000.0 * 10.0 ** min(decades, MOST_DECADES))

    def draw(self, draws: Draws, distance_m: NDArray[np.float64], carrier_hz: float) -> Attenuation:
        """The attenuation of users at those distances, of shape (users,); everyone has a line of sight."""
        gain = path_gain(distance_m, self.intercept_db, self.slope_db)
        if self.shadowing_db > 0:
            shadowing = elementary.power(10.0, -self.shadowing_db * draws.standard_normal() / 10.0)
            gain = np.minimum(gain * shadowing, 1.0)
        return Attenuation(gain, np.ones(len(distance_m), dtype=np.bool_))

    def draw_along(self, distance_m: NDArray[np.float64], shadowing: NDArray[np.float64]) -> Attenuation:
        """The attenuation of users who move, at distances (m) and shadowing of shape (users, blocks)."""
        faded = elementary.power(10.0, -self.shadowing_db * shadowing / 10.0)
        gain = path_gain(distance_m, self.intercept_db, self.slope_db) * faded
        return Attenuation(np.minimum(gain, 1.0), np.ones(len(distance_m), dtype=np.bool_))

    @property
    def along_road_db(self) -> float:
        """Standard deviation of shadowing along a road (dB)."""
        return self.shadowing_db

    def usual_gain(self, distance_m: NDArray[np.float64], carrier_hz: float) -> NDArray[np.float64]:
        """Mean linear power gain of all users at those distances (m), of the shape of these."""
        return path_gain(distance_m, self.intercept_db, self.slope_db) * mean_of_shadowing(self.shadowing_db)


def path_gain(distance_m: NDArray[np.float64], intercept_db: float, slope_db: float) -> NDArray[np.float64]:
    """Linear power gain 10^(-PL/10) with PL = intercept + slope·log10(distance in km) in dB, for distances > 0 (m).

    128.1 and 37.6 are the macro-cell values of 3GPP TR 36.814, table A.2.1.1-3 (2 GHz).
    """
    gain_at_1_km = 10.0 ** (-intercept_db / 10.0)
    return gain_at_1_km * elementary.power(distance_m / 1000.0, -slope_db / 10.0)
