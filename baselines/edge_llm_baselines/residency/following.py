"""The rule that follows demand, and moves only where that pays enough."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.partitions import logits_of, partitions
from edge_llm_baselines.residency.capacities import Demand, crew_capacities, expected_served
from edge_llm_baselines.residency.demand_of_row import recent_demand
from edge_llm_env.dynamics.modules import hosted
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.scenarios.schema import Scenario


class FollowDemand:
    """The partition that would serve most of the recent demand if all modules had loaded, with hysteresis.

    The present partition stays unless the other would serve more by `threshold` of the demand. Between equals the one
    with fewest modules that move. Demand is the mean rate of arrivals with the recent mix of classes; where there is
    one class it is what waits.
    """

    def __init__(self, scenario: Scenario, simulation: Simulation, threshold: float) -> None:
        params = simulation.params
        self._threshold = threshold
        self._choices = partitions(params.modules, len(params.variant_accuracy))
        crews = np.stack([self._choices, np.zeros_like(self._choices)], axis=2)
        self._capacities = crew_capacities(scenario, params, crews)
        self._demand = Demand.of(scenario, params)
        self._arrivals = scenario.workload.arrivals.mean_rate_per_s * params.epoch_s

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Logits of the modules, of shape (G,)."""
        demand = recent_demand(self._demand, simulation, row, self._arrivals)
        served = expected_served(self._capacities, self._demand.served_by, demand)
        now = np.array([hosted(simulation.state, row, variant) for variant in range(self._choices.shape[1])])
        moves = np.abs(self._choices - now).sum(axis=1)
        best = np.lexsort((moves, -served))[0]
        gain = served[best] - served[moves.argmin()]
        return logits_of(self._choices[best] if gain > self._threshold * demand.sum() else now)
