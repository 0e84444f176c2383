"""Rules that plan which modules host what, by dynamic programming with expected arrivals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.allocation.partitions import logits_of
from edge_llm_baselines.residency.capacities import Demand, crew_capacities
from edge_llm_baselines.residency.demand_of_row import waiting
from edge_llm_baselines.residency.forecasts import Forecast
from edge_llm_baselines.residency.planning import best_choice
from edge_llm_baselines.residency.transitions import Transitions
from edge_llm_env.dynamics.simulation import Simulation


class PlannedModules:
    """An action of `Compute-v0`: the first move of a plan that serves most of the arrivals that a forecast expects.

    The plan is the optimum over all sequences of partitions in `horizon` epochs: modules serve requests of mean size,
    so many as fit, from the cheapest variant on, and what they do not serve is lost. In the first epoch they serve
    whoever waits. A module that moves costs `move_cost` requests.

    Raises ValueError where the modules can hold the variants in more ways than can be planned with.
    """

    def __init__(self, simulation: Simulation, forecast: Forecast, move_cost: float, horizon: int) -> None:
        params, scenario = simulation.params, simulation.scenario
        self._forecast, self._move_cost, self._horizon = forecast, move_cost, horizon
        self._transitions = Transitions.of(params)
        self._demand = Demand.of(scenario, params)
        self._capacities = crew_capacities(scenario, params, self._transitions.crews)
        self._arrivals = scenario.workload.arrivals.mean_rate_per_s * params.epoch_s

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """Logits of the modules, of shape (G,)."""
        params, state, known = simulation.params, simulation.state, self._transitions
        shares = self._forecast.shares(simulation, row, self._horizon)
        expected = np.vstack(
            [waiting(self._demand, simulation, row)[None], self._arrivals * self._demand.by_kind(shares)[:-1]]
        )
        at = known.state_of(params, state.module_variant[row], state.module_ready_s[row])
        choice = best_choice(
            known.later,
            known.crew,
            known.moves,
            self._capacities,
            self._demand.served_by,
            expected,
            self._move_cost,
            at,
        )
        return logits_of(known.choices[choice])
