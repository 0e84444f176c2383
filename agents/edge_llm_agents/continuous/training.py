"""Stable-Baselines3's PPO, SAC and TD3 on the continuous environments, and what a minute of training is worth."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.continuous.tasks import TASKS
from edge_llm_agents.evaluation.models import acting_model
from edge_llm_agents.records.intervals import paired_difference
from edge_llm_agents.training.models import CONTINUOUS, new_model
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.random_actions import RandomActions
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.naming import one_of
from edge_llm_env.workload.streams import draw_workloads

MOST_DECISIONS = 10**9
"""More than anybody takes where a stopwatch ends training."""


class Stopwatch(BaseCallback):
    """Ends training after that many seconds of a clock, such as `time.process_time`; by default the machine's."""

    def __init__(self, seconds: float, clock: Callable[[], float] | None = None) -> None:
        super().__init__()
        self._seconds, self._clock = seconds, clock or time.perf_counter

    def _on_training_start(self) -> None:
        self._started_s = self._clock()

    def _on_step(self) -> bool:
        return self._clock() - self._started_s < self._seconds


def train_continuous(
    name: str,
    algorithm: str,
    network: str = "mlp",
    *,
    seconds: float,
    episodes: int,
    seed: int = 0,
    scenario: str | None = None,
) -> dict[str, Any]:
    """Train on a task for that many seconds, and compare on held-out workloads; the record of it.

    `name` is one of TASKS, `algorithm` one of CONTINUOUS and `network` one of NETWORKS
    (`edge_llm_agents.training.models`), `scenario` another than the task's own. The differences are in requests served
    per episode, on the same workloads, with 95 % confidence intervals.

    Raises ValueError for an unknown task, algorithm or network, seconds that are not positive or fewer than 2 episodes.
    """
    task = TASKS[one_of("task", name, TASKS)]
    one_of("algorithm", algorithm, CONTINUOUS)
    if not seconds > 0 or episodes < 2:
        raise ValueError(f"seconds = {seconds}, episodes = {episodes}: must be greater than 0, and at least 2")
    set_thread_counts()
    loaded = load_scenario(scenario or task.scenario)
    model = new_model(task.env_id, loaded, algorithm, network, seed)
    env = cast("EdgeVecEnv", model.get_env())
    env.reset()
    env.step(np.zeros((env.num_envs, *(env.action_space.shape or ())), dtype=np.float32))  # compiled before the clock
    started_s = time.perf_counter()
    model.learn(MOST_DECISIONS, callback=Stopwatch(seconds))
    trained_s = time.perf_counter() - started_s
    workloads = draw_workloads(loaded, episodes, seed)
    policies: dict[str, MakePolicy] = {
        "random": lambda vector: task.acting(
            RandomActions(vector if task.wrapper is None else task.wrapper(vector), seed), vector
        ),
        algorithm: acting_model(model),
    }
    for rule in task.rules:
        policies[rule] = lambda vector, rule=rule: task.rule(rule, vector)  # type: ignore[misc]
    served = {
        policy: roll_out(make_policy, task.env_id, loaded, workloads).served.astype(np.float64)
        for policy, make_policy in policies.items()
    }
    return {
        "task": name,
        "env": task.env_id,
        "scenario": loaded.name,
        "algorithm": algorithm,
        "network": network,
        "seed": seed,
        "steps": model.num_timesteps,
        "training_seconds": round(trained_s, 1),
        "episodes": episodes,
        "served_per_episode": {policy: float(values.mean()) for policy, values in served.items()},
        "above": {
            policy: paired_difference(served[algorithm], values)._asdict()
            for policy, values in served.items()
            if policy != algorithm
        },
    }
