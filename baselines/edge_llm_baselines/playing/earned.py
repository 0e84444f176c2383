"""What policies earn, where the reward of an episode is what counts, and what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Earned(NamedTuple):
    """One policy's episodes on E workloads."""

    reward: NDArray[np.float64]
    """(E,) the sum of an episode's rewards."""
    arrived: NDArray[np.int64]
    """(E,)"""
    served: NDArray[np.int64]
    """(E,)"""
    beside: Mapping[str, NDArray[np.float64]]
    """What else the environment's policies are told apart by, (E,) each, by its name in tables and records."""

    @property
    def served_share(self) -> float:
        """Part of all that arrived that was served."""
        return float(self.served.sum() / max(1, self.arrived.sum()))

    @property
    def means(self) -> dict[str, float]:
        """Of what stands beside."""
        return {name: float(values.mean()) for name, values in self.beside.items()}
