"""Batches as actions of `BatchSelection-v0`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.simulation import Simulation


def as_actions(selected: NDArray[np.bool_], simulation: Simulation) -> NDArray[np.int8]:
    """Selected slots of rows, of shape (rows, Q), as actions; where these can drop caches, they drop none."""
    actions = selected.astype(np.int8)
    return np.pad(actions, ((0, 0), (0, simulation.kept_slots))) if simulation.kept_slots else actions
