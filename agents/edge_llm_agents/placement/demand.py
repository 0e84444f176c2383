"""Demand that parameters make of what an observation shows of arrivals (compiled)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.placement.observed import observed_arrivals
from edge_llm_env.dynamics.demand import REMEMBERED
from edge_llm_env.nodes.params import NetworkParams
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating

AGES_EPOCHS = (0.0, 2.0, 4.0, 6.0, 8.0, 11.0)
"""Ages of a phase between which parameters are interpolated; beyond the last they stay."""


def shown_arrivals(
    observations: NDArray[np.float32], params: NetworkParams
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recent requests per epoch of each cell and class, and the epochs since it became hot; (rows, N, K) each.

    Of the last epochs each weighs half of the one after it.
    """
    arrivals, since_hot = observed_arrivals(observations, params)
    recent = np.zeros(since_hot.shape)
    for epoch in range(params.history):  # added up in order, so that a row's sum does not depend on the others
        recent += (1.0 - REMEMBERED) * REMEMBERED**epoch * params.most_arrivals * arrivals[:, epoch].astype(np.float64)
    return recent, since_hot.astype(np.float64)


@compiled
def at_age(values: NDArray[np.float64], row: int, age: float) -> float:
    """What a row of values, one of each of AGES_EPOCHS, says of an age."""
    for knot in range(1, len(AGES_EPOCHS)):
        if age < AGES_EPOCHS[knot]:
            width = AGES_EPOCHS[knot] - AGES_EPOCHS[knot - 1]
            part = (age - AGES_EPOCHS[knot - 1]) / width
            return (1.0 - part) * values[row, knot - 1] + part * values[row, knot]
    return values[row, len(AGES_EPOCHS) - 1]


@compiled_allocating
def demand_of_rows(
    recent: NDArray[np.float64],
    ages: NDArray[np.float64],
    stays: NDArray[np.float64],
    comes: NDArray[np.float64],
    followers: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Requests per epoch of each class that a load should count on, (rows, K).

    Arrivals of a class stand for more of it by `stays`, (rows, ages), and for arrivals of those that follow it in its
    cell by `comes`, (rows, ages), times `followers`, (rows, N, K, K), both by how long it has been hot.
    """
    demand = np.zeros((recent.shape[0], recent.shape[2]))
    for row in range(recent.shape[0]):
        for cell in range(recent.shape[1]):
            for each in range(recent.shape[2]):
                arrived, age = recent[row, cell, each], ages[row, cell, each]
                if arrived > 0.0:
                    demand[row, each] += arrived * at_age(stays, row, age)
                    coming = arrived * at_age(comes, row, age)
                    for next_one in range(recent.shape[2]):
                        demand[row, next_one] += coming * followers[row, cell, each, next_one]
    return demand
