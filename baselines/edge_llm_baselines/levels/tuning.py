"""The one number of look-ahead, tuned on workloads that nothing is evaluated on."""

from __future__ import annotations

from edge_llm_baselines.levels.rules import LevelPolicy, exact_levels
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env.envs.suite import SERVICE_LEVEL
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads

TUNING_EPISODES = 2
"""Workloads that the number is chosen on."""

WAITS = (0.0, 0.1, 0.3, 0.5)
"""Parts of its value that one who can wait is worth less, that are tried."""


def tune_waits(scenario: Scenario, seed: int) -> float | None:
    """The part that is rewarded most, the smallest of equal ones; None where another environment plays the scenario."""
    if (
        scenario.network is not None
        or scenario.workload.tasks is not None
        or scenario.radio.transfers == "carried_over"
    ):
        return None
    try:
        scenario.check_variants_fit_a_module()
    except ValueError:
        return None
    workloads = draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING)

    def reward(waits: float) -> float:
        env = vector_of(SERVICE_LEVEL, scenario, workloads)
        try:
            policy = LevelPolicy(env, exact_levels(waits))
            return sum(float(step.reward.sum()) for step in play(env, policy, workloads=workloads))
        finally:
            env.close()

    return max(WAITS, key=reward)
