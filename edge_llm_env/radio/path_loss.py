"""Attenuation over distance: the log-distance model, and where users are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def path_gain(distance_m: NDArray[np.float64], intercept_db: float, slope_db: float) -> NDArray[np.float64]:
    """Linear power gain 10^(-PL/10) with PL = intercept + slope·log10(distance in km) in dB, for distances > 0 (m).

    128.1 and 37.6 are the macro-cell values of 3GPP TR 36.814, table A.2.1.1-3 (2 GHz).
    """
    gain_at_1_km = 10.0 ** (-intercept_db / 10.0)
    return np.asarray(gain_at_1_km * (distance_m / 1000.0) ** (-slope_db / 10.0), dtype=np.float64)


def gain_of_loss(loss_db: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear power gain 10^(-L/10) of a loss in dB; shadowing is a loss of either sign."""
    return np.asarray(10.0 ** (-loss_db / 10.0), dtype=np.float64)


def distance_in_disc(quantile: NDArray[np.float64], min_distance_m: float, cell_radius_m: float) -> NDArray[np.float64]:
    """Distances (m) of users spread uniformly over a ring around the base station, at quantiles in 0..1.

    The area within a distance grows with its square, so the square is uniform.
    """
    return np.sqrt(min_distance_m**2 + quantile * (cell_radius_m**2 - min_distance_m**2))
