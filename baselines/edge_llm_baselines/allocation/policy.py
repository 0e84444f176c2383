"""Allocations as policies."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.policy import rows_of
from edge_llm_env.dynamics.simulation import Simulation


class Allocation(Protocol):
    """Anything that divides a row's bands or modules."""

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """An action, in the form that the row's environment takes (`Simulation.grants_bands`)."""
        ...


class AllocationPolicy:
    """An allocation as a policy, for a single or vector environment that takes its actions, or an SB3 `VecEnv` of them.

    It reads the rows of the environment that it is made for in full precision. Raises ValueError for an environment
    that is not of this suite.
    """

    def __init__(self, allocation: Allocation, env: Any) -> None:
        rows_of(env)  # raises where there are none
        self.allocation = allocation
        self._env = env

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[NDArray, Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        actions = np.stack([self.allocation.action(simulation, row) for simulation, row in rows_of(self._env)])
        return (actions[0] if observation.ndim == 1 else actions), state
