"""Dynamic programming over what modules hold, for expected arrivals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.residency.capacities import expected_served
from edge_llm_env.support.compilation.compiling import compiled_allocating


@compiled_allocating
def best_choice(
    later: NDArray[np.int32],
    crew: NDArray[np.int32],
    moves: NDArray[np.int32],
    capacities: NDArray[np.float64],
    served_by: NDArray[np.bool_],
    demand: NDArray[np.float64],
    move_cost: float,
    state: int,
) -> int:
    """The partition that begins a plan which serves most of the demand of the next epochs, (H, D), from a state on.

    `later`, `crew` and `moves` are those of `Transitions`. A module that moves costs so many requests.
    """
    states, choices = later.shape
    worth, before = np.zeros(states), np.zeros(states)
    for epoch in range(len(demand) - 1, 0, -1):
        served = expected_served(capacities, served_by, demand[epoch])
        for one in range(states):
            most = -np.inf
            for choice in range(choices):
                value = served[crew[one, choice]] + before[later[one, choice]] - move_cost * moves[one, choice]
                most = max(most, value)
            worth[one] = most
        before, worth = worth, before
    served = expected_served(capacities, served_by, demand[0])
    best, most = 0, -np.inf
    for choice in range(choices):
        value = served[crew[state, choice]] + before[later[state, choice]] - move_cost * moves[state, choice]
        if value > most + 1e-9 or (value > most - 1e-9 and moves[state, choice] < moves[state, best]):
            best, most = choice, value
    return best
