"""The one number of look-ahead, tuned on workloads that nothing is evaluated on."""

from __future__ import annotations

from edge_llm_baselines.levels.earning import earned_by_levels
from edge_llm_baselines.levels.rules import LevelPolicy, exact_levels
from edge_llm_env.envs.service_level.environment import MECHANISM
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

TUNING_EPISODES = 2
"""Workloads that the number is chosen on."""

WAITS = (0.0, 0.1, 0.3, 0.5)
"""Parts of its value that one who can wait is worth less, that are tried."""


def tune_waits(scenario: Scenario, seed: int) -> float | None:
    """The part that is rewarded most, the smallest of equal ones; None where another environment plays the scenario."""
    try:
        MECHANISM.simulation(scenario, 1)
    except ScenarioError:
        return None
    workloads = draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING)

    def reward(waits: float) -> float:
        earned = earned_by_levels(lambda env: LevelPolicy(env, exact_levels(waits)), scenario, workloads)
        return float(earned.reward.sum())

    return max(WAITS, key=reward)
