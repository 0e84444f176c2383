"""What a row's users ask for now, by kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.residency.capacities import Demand
from edge_llm_env.dynamics.simulation import Simulation


def waiting(demand: Demand, simulation: Simulation, row: int) -> NDArray[np.float64]:
    """Visible requests of each kind, (D,)."""
    params, state = simulation.params, simulation.state
    shown = state.slot_request[row, : state.visible[row]]
    classes = state.request_class[row, shown] if state.request_class.shape[1] else np.zeros(len(shown), dtype=np.int64)
    able = state.accuracy_requirement[row, shown][:, None] <= params.variant_accuracy[:, classes].T
    same = (able[:, None] == demand.served_by).all(axis=2) & (classes[:, None] == demand.of_class)
    counted: NDArray[np.float64] = same.sum(axis=0).astype(np.float64)
    return counted


def recent_demand(demand: Demand, simulation: Simulation, row: int, arrivals: float) -> NDArray[np.float64]:
    """Of so many arrivals, those of each kind, (D,), by the recent mix of classes; what waits where there is one."""
    recent = simulation.state.recent_arrivals[row]
    if not recent.any():
        return waiting(demand, simulation, row)
    return arrivals * demand.by_kind(recent / recent.sum())
