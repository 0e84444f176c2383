"""Path loss and line of sight of outdoor users in urban cells, as 3GPP TR 38.901 (V17.0.0) models them.

The macro cell (UMa) and the street canyon (UMi) have formulas of one form, so each is a set of coefficients. Distances
are horizontal, 10 to 5000 m; carriers are 0.5 to 100 GHz. Macro-cell users are below 13 m: there the effective
environment height is 1 m and the line of sight does not depend on the user's height.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support import elementary

ENVIRONMENT_HEIGHT_M = 1.0
"""h_E of table 7.4.1-1, note 1."""
SPEED_OF_LIGHT_M_PER_S = 3.0e8
"""As table 7.4.1-1, note 1, rounds it."""
MIN_DISTANCE_M, MAX_DISTANCE_M = 10.0, 5000.0
MIN_CARRIER_HZ, MAX_CARRIER_HZ = 0.5e9, 100e9


class UrbanCell(NamedTuple):
    """Coefficients of a cell type: losses in dB of table 7.4.1-1, distance of table 7.4.2-1."""

    los_intercept_db: float
    los_slope_db: float
    """Per decade of distance up to the breakpoint; 40 beyond it."""
    breakpoint_db: float
    """Per decade of (d'_BP² + (h_BS - h_UT)²)."""
    nlos_intercept_db: float
    nlos_slope_db: float
    nlos_frequency_db: float
    """Per decade of the carrier."""
    nlos_height_db_per_m: float
    los_distance_m: float
    """Over which the line of sight is lost."""


UMA = UrbanCell(28.0, 22.0, 9.0, 13.54, 39.08, 20.0, 0.6, 63.0)
"""Urban macro cell."""
UMI = UrbanCell(32.4, 21.0, 9.5, 22.4, 35.3, 21.3, 0.3, 36.0)
"""Urban micro cell, street canyon."""


def los_probability(cell: UrbanCell, distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability that an outdoor user sees the base station (table 7.4.2-1): 1 up to 18 m, then falling."""
    near = np.minimum(18.0 / distance_m, 1.0)
    return near + elementary.exp(-distance_m / cell.los_distance_m) * (1.0 - near)


def los_path_loss_db(
    cell: UrbanCell, distance_m: NDArray[np.float64], carrier_hz: float, base_height_m: float, user_height_m: float
) -> NDArray[np.float64]:
    """Path loss (dB) with a line of sight (table 7.4.1-1): PL1 up to the breakpoint distance d'_BP, PL2 beyond it."""
    climb_m = base_height_m - user_height_m
    slant_m = np.hypot(distance_m, climb_m)
    effective_m2 = (base_height_m - ENVIRONMENT_HEIGHT_M) * (user_height_m - ENVIRONMENT_HEIGHT_M)
    breakpoint_m = 4.0 * effective_m2 * carrier_hz / SPEED_OF_LIGHT_M_PER_S
    at_1_m = cell.los_intercept_db + 20.0 * math.log10(carrier_hz / 1e9)
    decades = elementary.log10(slant_m)
    near = at_1_m + cell.los_slope_db * decades
    far = at_1_m + 40.0 * decades - cell.breakpoint_db * math.log10(breakpoint_m**2 + climb_m**2)
    return np.where(distance_m <= breakpoint_m, near, far)


def nlos_path_loss_db(
    cell: UrbanCell, distance_m: NDArray[np.float64], carrier_hz: float, base_height_m: float, user_height_m: float
) -> NDArray[np.float64]:
    """Path loss (dB) without a line of sight (table 7.4.1-1): max(PL_LOS, PL'_NLOS)."""
    slant_m = np.hypot(distance_m, base_height_m - user_height_m)
    obstructed = (
        cell.nlos_intercept_db
        + cell.nlos_slope_db * elementary.log10(slant_m)
        + cell.nlos_frequency_db * math.log10(carrier_hz / 1e9)
        - cell.nlos_height_db_per_m * (user_height_m - 1.5)
    )
    return np.maximum(los_path_loss_db(cell, distance_m, carrier_hz, base_height_m, user_height_m), obstructed)
