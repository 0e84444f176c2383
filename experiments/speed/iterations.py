"""How fast an engine of iterations is under a scheduler of its own field: decisions, and simulated tokens."""

from __future__ import annotations

import time
from typing import Any

import gymnasium as gym
import numpy as np

from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_baselines.schedulers.policy import SchedulerPolicy
from edge_llm_baselines.schedulers.suite import SCHEDULERS
from edge_llm_env.engine.state import COMPLETED
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import draw_workloads
from experiments.speed.turns import Turn

SCHEDULER = "sarathi"
NUMBERS = (512.0,)
"""Its budget of tokens."""


def scheduled_vector_turn(scenario: str | Scenario, rows: int) -> Turn:
    """Ten decisions of each row of the native vector form, the scheduler's own time included."""
    env: Any = gym.make_vec(
        CONTINUOUS_BATCHING, num_envs=rows, vectorization_mode="vector_entry_point", scenario=scenario
    )
    policy = _policy(env)
    observations, _ = env.reset(seed=0)

    def turn() -> int:  # `play` ends with an episode; a turn takes so many decisions of however many
        nonlocal observations
        for _ in range(10):
            observations = env.step(policy.predict(observations)[0])[0]
        return 10 * rows

    for _ in range(10):
        turn()
    return turn


def scheduled_single_turn(scenario: str | Scenario) -> Turn:
    """Five hundred decisions of one environment made by `gymnasium.make`, the scheduler's own time included."""
    env: Any = gym.make(CONTINUOUS_BATCHING, scenario=scenario)
    policy = _policy(env)
    observation, _ = env.reset(seed=0)

    def turn() -> int:  # as of the vector form
        nonlocal observation
        for _ in range(500):
            observation, _, _, truncated, _ = env.step(policy.predict(observation)[0])
            if truncated:
                observation, _ = env.reset()
        return 500

    turn()
    return turn


def simulated_tokens_per_s(scenario: Scenario, rows: int) -> float:
    """Prompt and output tokens of completed requests over the time of whole episodes, one on each row."""
    workloads = draw_workloads(scenario, rows, 0)
    env = vector_of(CONTINUOUS_BATCHING, scenario, workloads)
    state = env.unwrapped.simulation.state
    began_s = 0.0

    def begun() -> None:
        nonlocal began_s
        began_s = time.perf_counter()

    for _ in play(env, _policy(env), workloads=workloads, begun=begun):
        pass
    spent_s = time.perf_counter() - began_s
    computed = np.where(state.status == COMPLETED, state.prompt_tokens + state.output_tokens, 0).sum()
    env.close()
    return float(computed / spent_s)


def _policy(env: Any) -> SchedulerPolicy:
    return SchedulerPolicy(SCHEDULERS[SCHEDULER][1], NUMBERS, env)
