"""What a rack earns and pays in an epoch, as rules, plans and hindsight count it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.rack.epoch import served_by
from edge_llm_env.rack.params import RackParams, rack_params
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.scenarios.sections.reward_settings import R_ENERGY, R_EXPIRED, R_SERVED, R_TOKENS
from edge_llm_env.support.calling import direct


class Economics(NamedTuple):
    """A rack's money, in units of the reward, with groups of the size that an episode begins with."""

    load_of_module: float
    """Requests that a module serves in an epoch, the whole rack's shared among all."""
    full_value: float
    """What a module earns in an epoch at full load, the energy of its batches paid."""
    idle_price: float
    """What a module that is on costs in an epoch."""
    start_epochs: int
    """Epochs from when a module is switched on to the first that it serves in."""


def economics(params: RackParams) -> Economics:
    """What the modules of a rack earn and cost in an epoch, and what each can serve."""
    weights, modules = params.reward_weights, params.modules
    groups, size = direct(served_by)(int(params.group_sizes[0]), modules)
    capacity = groups * int(params.largest[size])
    energy_j = groups * (params.base_j[size] + params.largest[size] * params.one_j[size])
    return Economics(
        load_of_module=capacity / modules,
        full_value=float(weights[R_SERVED] * capacity + weights[R_ENERGY] * energy_j) / modules,
        idle_price=float(-weights[R_ENERGY] * params.idle_j),
        start_epochs=math.ceil(params.start_s / params.epoch_s),
    )


def profits(params: RackParams, load: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """What n ready modules in groups of that size earn of so many requests, (loads, M + 1).

    The energy of batches is paid, that of rest not.
    """
    weights = params.reward_weights
    earned = np.zeros((len(load), params.modules + 1))
    for ready in range(1, params.modules + 1):
        groups, together = direct(served_by)(size, ready)
        largest = int(params.largest[together])
        served = np.minimum(load, groups * largest)
        batches = -(-served // largest) if largest else np.zeros_like(served)
        energy_j = batches * params.base_j[together] + served * params.one_j[together]
        earned[:, ready] = weights[R_SERVED] * served + weights[R_ENERGY] * energy_j
    return earned


def paid_params(scenario: Scenario) -> RackParams:
    """Those of a scenario that pays for requests served and takes money for energy.

    Raises `ScenarioError` where anything else has a price: what a clairvoyant earns is known of these two.
    """
    params = rack_params(scenario)
    for term, name in ((R_TOKENS, "tokens"), (R_EXPIRED, "expired")):
        if params.reward_weights[term]:
            raise ScenarioError(
                f"scenario {scenario.name}: reward.{name} = {params.reward_weights[term]:g}: must be 0, as what a "
                "clairvoyant earns is known of served requests and energy"
            )
    if params.reward_weights[R_SERVED] < 0 or params.reward_weights[R_ENERGY] > 0:
        raise ScenarioError(f"scenario {scenario.name}: reward: served must be at least 0, and energy at most 0")
    return params
