"""What a rack earns and pays in an epoch, as rules, plans and hindsight count it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.rack.epoch import served_by
from edge_llm_env.rack.params import RackParams
from edge_llm_env.rack.state import R_ENERGY, R_SERVED
from edge_llm_env.support.calling import direct


class Economics(NamedTuple):
    """A rack's money, in units of the reward."""

    load_of_module: float
    """Requests that a module serves in an epoch, the whole rack's shared among all."""
    full_value: float
    """What a module earns in an epoch at full load, the energy of its batches paid."""
    idle_price: float
    """What a module that is on costs in an epoch."""
    start_epochs: int
    """Epochs from when a module is switched on to the first that it serves in."""


def economics(params: RackParams) -> Economics:
    """Those of a scenario."""
    weights, modules = params.reward_weights, params.modules
    groups, size = direct(served_by)(params, modules)
    energy_j = groups * (params.base_j[size] + params.largest[size] * params.one_j[size])
    return Economics(
        load_of_module=params.capacity / modules,
        full_value=float(weights[R_SERVED] * params.capacity + weights[R_ENERGY] * energy_j) / modules,
        idle_price=float(-weights[R_ENERGY] * params.idle_j),
        start_epochs=math.ceil(params.start_s / params.epoch_s),
    )


def profits(params: RackParams, load: NDArray[np.int64]) -> NDArray[np.float64]:
    """What n ready modules earn of so many requests, (loads, M + 1), the energy of batches paid, that of rest not."""
    weights = params.reward_weights
    earned = np.zeros((len(load), params.modules + 1))
    for ready in range(1, params.modules + 1):
        groups, size = direct(served_by)(params, ready)
        largest = int(params.largest[size])
        served = np.minimum(load, groups * largest)
        batches = -(-served // largest) if largest else np.zeros_like(served)
        energy_j = batches * params.base_j[size] + served * params.one_j[size]
        earned[:, ready] = weights[R_SERVED] * served + weights[R_ENERGY] * energy_j
    return earned
