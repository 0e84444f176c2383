"""What the urban path losses share: a line of sight drawn per user, and shadowing."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.radio.draws import Draws
from edge_llm_env.radio.path_losses.path_loss import Attenuation, PathLoss, gain_of_loss, mean_of_shadowing
from edge_llm_env.radio.path_losses.urban import (
    MAX_CARRIER_HZ,
    MAX_DISTANCE_M,
    MIN_CARRIER_HZ,
    MIN_DISTANCE_M,
    UrbanCell,
    los_path_loss_db,
    los_probability,
    nlos_path_loss_db,
)
from edge_llm_env.support.quantities import DeviationDb


class UrbanPathLoss(PathLoss):
    """Path loss of an urban cell of 3GPP TR 38.901; a subclass has the cell's coefficients and defaults."""

    carrier_range_hz: ClassVar[tuple[float, float] | None] = MIN_CARRIER_HZ, MAX_CARRIER_HZ
    distance_range_m: ClassVar[tuple[float, float] | None] = MIN_DISTANCE_M, MAX_DISTANCE_M
    cell: ClassVar[UrbanCell]

    base_station_height_m: float
    user_height_m: float
    los_shadowing_db: DeviationDb
    nlos_shadowing_db: DeviationDb

    def draw(self, draws: Draws, distance_m: NDArray[np.float64], carrier_hz: float) -> Attenuation:
        """The attenuation of users at those distances, of shape (users,), and who has a line of sight."""
        line_of_sight = draws.random() < los_probability(self.cell, distance_m)
        geometry = (self.cell, distance_m, carrier_hz, self.base_station_height_m, self.user_height_m)
        loss_db = np.where(line_of_sight, los_path_loss_db(*geometry), nlos_path_loss_db(*geometry))
        shadowing_db = np.where(line_of_sight, self.los_shadowing_db, self.nlos_shadowing_db)
        return Attenuation(gain_of_loss(loss_db + shadowing_db * draws.standard_normal()), line_of_sight)

    def usual_gain(self, distance_m: NDArray[np.float64], carrier_hz: float) -> NDArray[np.float64]:
        """Mean linear power gain of all users at those distances (m), with and without sight, of shape (users,)."""
        geometry = (self.cell, distance_m, carrier_hz, self.base_station_height_m, self.user_height_m)
        seeing = los_probability(self.cell, distance_m)
        with_sight = gain_of_loss(los_path_loss_db(*geometry)) * mean_of_shadowing(self.los_shadowing_db)
        without = gain_of_loss(nlos_path_loss_db(*geometry)) * mean_of_shadowing(self.nlos_shadowing_db)
        return np.asarray(seeing * with_sight + (1.0 - seeing) * without, dtype=np.float64)
