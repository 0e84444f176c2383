"""What an agent sees of a rack: its layout, and the kernel that writes it.

A float32 vector: the rack, then its modules, then the requests that arrived in each of the last epochs, the latest
first, then likewise what was counted at each feeder cell, all feeders of an epoch side by side. Every entry lies in
0..1 (other values are clipped); what was before the episode is 0.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.observation.kernels import clipped
from edge_llm_env.envs.observation.layout import Block, Feature, once, per_module
from edge_llm_env.rack.params import RackParams
from edge_llm_env.rack.state import N_EPOCHS, N_GROUP, N_ON, N_PENDING, N_READY, USED_COMPUTE, RackState
from edge_llm_env.residency.residents import IDLE
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.compilation.compiling import compiled

SHOWN_LOADS = 2.0
"""Most requests that are told from more, in parts of what the whole rack serves in an epoch."""


def chooses_groups(scenario: Scenario) -> bool:
    """Whether an agent chooses how many modules work as one."""
    return scenario.rack.group_sizes is not None


RACK_FEATURES = (
    Feature("on", "M", "modules that are on"),
    Feature("ready", "M", "those of them that have started"),
    Feature("waiting", "2C", "requests that wait; the whole rack serves C in an epoch"),
    Feature("load", "1", "part of all modules' time that the last epoch's batches took"),
    Feature("day_sine", "", "half of 1 + sin(2πt/P), t from the start of the episode and P = `rack.day_s`"),
    Feature("day_cosine", "", "half of 1 + cos(2πt/P)"),
    Feature("group", "M", "with `rack.group_sizes`: modules per group", where=chooses_groups),
)

MODULE_FEATURES = (
    Feature("is_on", "1", "1 if the module is on"),
    Feature("starts", "start", "time until it has started, s"),
)

HISTORY_FEATURES = (Feature("arrived", "2C", "requests that arrived in that epoch"),)

COUNT_FEATURES = (Feature("counted", "2 crowds", "count at the feeder cell in that epoch"),)


def feeders_of(scenario: Scenario) -> int:
    """F, feeder cells of a scenario."""
    return scenario.workload.arrivals.counted.feeders


OBSERVATION = (
    once(*RACK_FEATURES),
    per_module(*MODULE_FEATURES),
    Block(HISTORY_FEATURES, "epoch back", lambda scenario: scenario.rack.history_epochs),
    Block(
        COUNT_FEATURES,
        "epoch back and feeder",
        lambda scenario: scenario.rack.history_epochs * feeders_of(scenario),
    ),
)
"""The layout."""

_RACK = len([feature for feature in RACK_FEATURES if feature.where is None])
_MODULE = len(MODULE_FEATURES)


@compiled
def observe(params: RackParams, state: RackState, row: int, observation: NDArray[np.float32]) -> None:
    """Write the observation of a row, of shape (length,)."""
    now = state.counters[row, N_EPOCHS]
    angle = 2.0 * math.pi * ((now + 1) * params.epoch_s) / params.day_s
    observation[0] = state.counters[row, N_ON] / params.modules
    observation[1] = state.counters[row, N_READY] / params.modules
    observation[2] = clipped(state.counters[row, N_PENDING] / (SHOWN_LOADS * params.capacity))
    observation[3] = clipped(state.utilisation[row, USED_COMPUTE])
    observation[4] = clipped(0.5 + 0.5 * math.sin(angle))
    observation[5] = clipped(0.5 + 0.5 * math.cos(angle))
    at = _RACK
    if len(params.group_sizes) > 1:
        observation[at] = state.counters[row, N_GROUP] / params.modules
        at += 1
    for module in range(params.modules):
        observation[at] = state.module_on[row, module] != IDLE
        observation[at + 1] = (
            clipped(state.module_ready_s[row, module] / params.start_s) if params.start_s > 0.0 else 0.0
        )
        at += _MODULE
    for back in range(params.history_epochs):
        observation[at] = (
            clipped(state.arrived_in[row, now - back] / (SHOWN_LOADS * params.capacity)) if back <= now else 0.0
        )
        at += 1
    for back in range(params.history_epochs):
        for feeder in range(params.feeders):
            counted = state.feeder_counts[row, now - back, feeder] if back <= now else 0
            observation[at] = clipped(counted / params.count_scale)
            at += 1
