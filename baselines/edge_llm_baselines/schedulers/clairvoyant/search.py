"""A schedule of iterations in hindsight: local search over what the cheapest-first rule takes each request for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.schedulers.orders.cheapest import choose_priced
from edge_llm_env.engine.actions import act
from edge_llm_env.engine.beginning import begin_episode
from edge_llm_env.engine.params import EngineParams
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.engine.state import N_SERVED, EngineState
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.workload.workload import Workload

SPREAD = 1.5
"""Of the logarithm of a price that a move draws."""


@compiled
def play_priced(
    params: EngineParams, state: EngineState, row: int, numbers: NDArray[np.float64], prices: NDArray[np.float64]
) -> int:
    """Requests that the rule serves with these numbers and prices, in the whole episode that the row holds."""
    begin_episode(params, state, row)
    while state.now_s[row] < params.end_s:
        act(params, state, row, choose_priced(params, state, row, numbers, prices))
    return state.counters[row, N_SERVED]


def schedule_in_hindsight(
    scenario: Scenario, workload: Workload, numbers: tuple[float, ...], moves: int, seed: int = 0
) -> int:
    """Requests that the best schedule found serves, which a policy that knew the workload could play.

    Each move changes the prices of one to four requests, or a number of the rule, and stays if no fewer are served. The
    episode is played anew for each. Equal seeds, equal results.
    """
    simulation = EngineSimulation(scenario, rows=1)
    simulation.load(0, workload)
    params, state, rng = simulation.params, simulation.state, np.random.default_rng(seed)
    best_numbers, best_prices = np.array(numbers), np.ones(workload.requests)
    play = direct(play_priced)
    best = int(play(params, state, 0, best_numbers, best_prices))
    for _ in range(moves):
        tried_numbers, prices = best_numbers.copy(), best_prices.copy()
        if rng.random() < 0.1:
            tried_numbers[rng.integers(len(numbers))] *= math.exp(0.3 * rng.standard_normal())
        else:
            for request in rng.integers(workload.requests, size=rng.integers(1, 5)):
                left = rng.random() < 0.5
                drawn = math.exp(SPREAD * rng.standard_normal())
                prices[request] = (1.0 if prices[request] == math.inf else math.inf) if left else drawn
        served = int(play(params, state, 0, tried_numbers, prices))
        if served >= best:
            best, best_numbers, best_prices = served, tried_numbers, prices
    return best
