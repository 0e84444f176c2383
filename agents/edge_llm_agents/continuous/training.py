"""Stable-Baselines3's PPO, SAC and TD3 on the continuous environments, and what a minute of training is worth."""

from __future__ import annotations

import time
from copy import deepcopy
from typing import Any

import numpy as np
from gymnasium.wrappers.vector import RescaleAction
from numpy.typing import NDArray
from stable_baselines3 import PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import BasePolicy

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.continuous.tasks import TASKS, ContinuousTask
from edge_llm_agents.evaluation.playing import paired_difference
from edge_llm_agents.networks.sb3_policies import SetActorCriticPolicy, SetSACPolicy, SetTD3Policy
from edge_llm_baselines.playing.random_actions import RandomActions
from edge_llm_baselines.playing.roll_out import MakePolicy, roll_out
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.support.naming import one_of
from edge_llm_env.workload.streams import draw_workloads

ROWS = 16
REWARD_SCALE = 0.1
"""Brings values to order one."""

_OFF_POLICY: dict[str, Any] = {
    "learning_starts": 1600,
    "gamma": 0.9,
    "train_freq": 1,
    "gradient_steps": 4,
    "batch_size": 64,
    "learning_rate": 1e-3,
    "buffer_size": 200_000,
    "policy_kwargs": {"net_arch": [64, 64]},
}

ALGORITHMS: dict[str, tuple[type[BaseAlgorithm], dict[str, Any]]] = {
    "ppo": (
        PPO,
        {"n_steps": 64, "batch_size": 256, "n_epochs": 5, "gamma": 0.9, "policy_kwargs": {"log_std_init": -1.0}},
    ),
    # Rewards are small at first: with SB3's initial weight of 1 the entropy would be all that counts.
    "sac": (SAC, _OFF_POLICY | {"ent_coef": "auto_0.01"}),
    "td3": (TD3, _OFF_POLICY),
}
"""Class and settings; everything else is SB3's default."""

NETWORKS: dict[str, dict[str, str | type[BasePolicy]]] = {
    "mlp": dict.fromkeys(ALGORITHMS, "MlpPolicy"),
    "set": {"ppo": SetActorCriticPolicy, "sac": SetSACPolicy, "td3": SetTD3Policy},
}
"""Policy classes by network and algorithm: SB3's multilayer perceptrons, or `edge_llm_agents.networks.sb3_policies`."""


def training_env(task: ContinuousTask, scenario: Scenario) -> EdgeVecEnv:
    """Rows of a task with actions in -1..1, as SB3's Gaussian policies want them."""

    def wrapped(env: Any) -> Any:
        inner = env if task.wrapper is None else task.wrapper(env)
        return RescaleAction(inner, np.float32(-1.0), np.float32(1.0))  # type: ignore[arg-type] # as float64 it warns

    return EdgeVecEnv(task.env_id, ROWS, scenario, reward_scale=REWARD_SCALE, wrapper=wrapped)


class Stopwatch(BaseCallback):
    """Ends training after that many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def _on_training_start(self) -> None:
        self._started_s = time.perf_counter()

    def _on_step(self) -> bool:
        return time.perf_counter() - self._started_s < self._seconds


class Rescaled:
    """A model of actions in -1..1 as a policy of actions in 0..1."""

    def __init__(self, model: BaseAlgorithm) -> None:
        self._model = model

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.floating], Any]:
        """The model's actions."""
        actions, state = self._model.predict(observation, state, episode_start, deterministic)
        return np.clip((actions + 1.0) / 2.0, 0.0, 1.0), state


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

    `name` is one of TASKS, `algorithm` one of ALGORITHMS, `network` one of NETWORKS, `scenario` another than the task's
    own. The differences are in requests served per episode, on the same workloads, with 95 % confidence intervals.

    Raises ValueError for an unknown task, algorithm or network, seconds that are not positive or fewer than 2 episodes.
    """
    task = TASKS[one_of("task", name, TASKS)]
    make, settings = ALGORITHMS[one_of("algorithm", algorithm, ALGORITHMS)]
    policy_class = NETWORKS[one_of("network", network, NETWORKS)][algorithm]
    if not seconds > 0 or episodes < 2:
        raise ValueError(f"seconds = {seconds}, episodes = {episodes}: must be greater than 0, and at least 2")
    set_thread_counts()
    loaded = load_scenario(scenario or task.scenario)
    env = training_env(task, loaded)
    env.reset()
    env.step(np.zeros((ROWS, *(env.action_space.shape or ())), dtype=np.float32))  # compiled before the clock runs
    length = int(np.prod(env.action_space.shape or ()))
    settings = deepcopy(settings)  # SB3 writes to policy_kwargs
    if network == "set":
        mechanism = env.env.unwrapped.mechanism
        settings["policy_kwargs"].pop("net_arch", None)
        settings["policy_kwargs"]["variants"] = len(loaded.variants) if mechanism.hosts_variants else 0
    model = make(policy_class, env, seed=seed, **settings)
    started_s = time.perf_counter()
    model.learn(10**9, callback=Stopwatch(seconds))
    trained_s = time.perf_counter() - started_s
    workloads = draw_workloads(loaded, episodes, seed)
    policies: dict[str, MakePolicy] = {
        "random": lambda vector: task.acting(RandomActions(length, seed), vector),
        algorithm: lambda vector: task.acting(Rescaled(model), vector),
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
