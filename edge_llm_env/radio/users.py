"""Where users are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def distance_in_disc(quantile: NDArray[np.float64], min_distance_m: float, cell_radius_m: float) -> NDArray[np.float64]:
    """Distances (m) of users spread uniformly over a ring around the base station, at quantiles in 0..1.

    The area within a distance grows with its square, so the square is uniform.
    """
    return np.sqrt(min_distance_m**2 + quantile * (cell_radius_m**2 - min_distance_m**2))
