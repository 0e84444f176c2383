"""The numbers of rules of service levels, tuned on workloads that nothing is evaluated on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, TypeVar

import numpy as np

from edge_llm_baselines.allocation.partitions import FixedPartition, partitions
from edge_llm_baselines.allocation.policy import Allocation
from edge_llm_baselines.levels.earning import earned_by_levels
from edge_llm_baselines.levels.rules import LevelPolicy, exact_levels, moving
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.residency.tuning import (
    KEPT,
    MOVE_COSTS,
    THRESHOLDS,
    TUNING_EPISODES,
    following,
    has_phases,
    looking_ahead,
)
from edge_llm_env.envs.service_level.environment import MECHANISM
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

Choice = TypeVar("Choice")

WAITS = (0.0, 0.1, 0.3, 0.5)
"""Parts of its value that one who can wait is worth less, that are tried."""


def tune_waits(scenario: Scenario, seed: int) -> float | None:
    """The part that is rewarded most, the smallest of equal ones; None where another environment plays the scenario."""
    return _best(scenario, seed, WAITS, lambda waits: lambda env: LevelPolicy(env, exact_levels(waits)))


def tune_partition(scenario: Scenario, seed: int) -> list[float] | None:
    """Shares of the modules that are rewarded most when they never change, with the exact levels of each epoch; None
    where there is one variant.
    """
    if not has_variants(scenario):
        return None
    modules = scenario.node.modules
    choices = [(counts / modules).tolist() for counts in partitions(modules, len(scenario.variants))]
    return _best(scenario, seed, choices, lambda shares: lambda env: moving(env, fixed(env, shares)))


def tune_threshold(scenario: Scenario, seed: int) -> float | None:
    """Of THRESHOLDS that which is rewarded most, with the exact levels of each epoch; None where no classes of requests
    come in phases, as for plans.
    """
    return _best_moving(scenario, seed, THRESHOLDS, following)


def tune_plan(scenario: Scenario, seed: int) -> list[float] | None:
    """Of KEPT and MOVE_COSTS those that are rewarded most, with the exact levels of each epoch."""
    return _best_moving(scenario, seed, [list(one) for one in product(KEPT, MOVE_COSTS)], looking_ahead)


def has_variants(scenario: Scenario) -> bool:
    """Whether there are modules to divide."""
    return len(scenario.variants) > 1


def fixed(env: Any, shares: Sequence[float]) -> FixedPartition:
    """The same partition in every epoch, for an environment."""
    return FixedPartition(np.array(shares))


def _best_moving(
    scenario: Scenario, seed: int, choices: Sequence[Choice], make: Callable[[Any, Choice], Allocation]
) -> Choice | None:
    if not has_phases(scenario):
        return None
    return _best(scenario, seed, choices, lambda choice: lambda env: moving(env, make(env, choice)))


def _best(
    scenario: Scenario, seed: int, choices: Sequence[Choice], makes: Callable[[Choice], MakePolicy]
) -> Choice | None:
    """The first of those that are rewarded most; None where another environment plays the scenario."""
    try:
        MECHANISM.simulation(scenario, 1)
    except ScenarioError:
        return None
    workloads = draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING)
    return max(choices, key=lambda choice: float(earned_by_levels(makes(choice), scenario, workloads).reward.sum()))
