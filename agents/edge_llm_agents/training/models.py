"""Stable-Baselines3's algorithms on the suite's environments, ready to learn."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from gymnasium.wrappers.vector import RescaleAction
from sb3_contrib import MaskablePPO
from stable_baselines3 import DQN, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import BasePolicy

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.networks.actor_critics import SetPolicy
from edge_llm_agents.networks.engine_sets import EngineSetPolicy
from edge_llm_agents.networks.sb3_policies import SetActorCriticPolicy, SetDQNPolicy, SetSACPolicy, SetTD3Policy
from edge_llm_baselines.allocation.oracle_decoding import VectorOracleDecoding
from edge_llm_baselines.levels.decoding import VectorLevelDecoding
from edge_llm_env.envs.observation.layout import per_slot_and_whole
from edge_llm_env.envs.service_level.environment import ServiceLevelVectorEnv
from edge_llm_env.envs.suite import (
    BANDWIDTH,
    BATCH_SELECTION,
    BATCHING,
    COMPUTE,
    CONTINUOUS_BATCHING,
    JOINT,
    SERVICE_LEVEL,
)
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import one_of

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
    "ppo_mask": (MaskablePPO, {"n_steps": 128, "batch_size": 256, "n_epochs": 4, "gamma": 0.95}),
    "ppo": (
        PPO,
        {"n_steps": 64, "batch_size": 256, "n_epochs": 5, "gamma": 0.9, "policy_kwargs": {"log_std_init": -1.0}},
    ),
    # It knows nothing of masks: a closed action is what its environment makes of it.
    "dqn": (DQN, _OFF_POLICY),
    # Rewards are small at first: with SB3's initial weight of 1 the entropy would be all that counts.
    "sac": (SAC, _OFF_POLICY | {"ent_coef": "auto_0.01"}),
    "td3": (TD3, _OFF_POLICY),
}
"""Class and settings; everything else is SB3's default."""

CONTINUOUS = ("ppo", "sac", "td3")

OF_SLOTS = (BATCH_SELECTION, BANDWIDTH, COMPUTE, JOINT)
"""Environments of continuous actions, or of values to be decoded, whose observations are of slots."""

NETWORKS: dict[str, dict[str, str | type[BasePolicy]]] = {
    "mlp": dict.fromkeys(ALGORITHMS, "MlpPolicy"),
    "set": {
        "ppo_mask": SetPolicy,
        "ppo": SetActorCriticPolicy,
        "sac": SetSACPolicy,
        "td3": SetTD3Policy,
        "dqn": SetDQNPolicy,
    },
}
"""Policy classes by network and algorithm: SB3's multilayer perceptrons, or `edge_llm_agents.networks`."""


def fitting(env_id: str) -> list[str]:
    """Names of the algorithms for the actions of an environment, or for values to be decoded, the default first."""
    env = gym.make(env_id)
    masked, actions = hasattr(env.unwrapped, "action_masks"), env.action_space
    env.close()
    if isinstance(actions, spaces.Discrete | spaces.MultiDiscrete) and env_id != SERVICE_LEVEL:
        on_policy = "ppo_mask" if masked else "ppo"
        return [on_policy, "dqn"] if isinstance(actions, spaces.Discrete) else [on_policy]
    return list(CONTINUOUS)


def networks_of(algorithm: str, env_id: str) -> list[str]:
    """Names of the networks that an algorithm has for an environment: sets where it sees slots, one after another."""
    of_sets = {"ppo_mask": (BATCHING, CONTINUOUS_BATCHING), "dqn": (BATCHING,)}
    return ["mlp", "set"] if env_id in of_sets.get(algorithm, OF_SLOTS) else ["mlp"]


def training_env(env_id: str, scenario: Scenario) -> EdgeVecEnv:
    """Rows to learn on; where a batch or levels are named whole, actions are values to be decoded.

    Values, and other boxes that are not, are rescaled to -1..1, as SB3's Gaussian policies want them.
    """

    def wrapped(env: VectorEnv) -> VectorEnv:
        if isinstance(env.single_action_space, spaces.MultiBinary):
            env = VectorOracleDecoding(env)
        if isinstance(env.unwrapped, ServiceLevelVectorEnv):
            env = VectorLevelDecoding(env)
        if isinstance(env.single_action_space, spaces.Box) and (env.single_action_space.low != -1.0).any():
            env = RescaleAction(env, np.float32(-1.0), np.float32(1.0))  # type: ignore[arg-type] # as float64 it warns
        return env

    return EdgeVecEnv(env_id, ROWS, scenario, reward_scale=REWARD_SCALE, wrapper=wrapped)


def new_model(
    env_id: str, scenario: Scenario, algorithm: str, network: str = "mlp", seed: int = 0, **settings: Any
) -> BaseAlgorithm:
    """A model that has learned nothing yet, on an environment of its own; `settings` go before those of ALGORITHMS.

    Raises ValueError for an unknown algorithm or network, and for an algorithm of other actions.
    """
    make, standard = ALGORITHMS[one_of("algorithm", algorithm, ALGORITHMS)]
    one_of("network", network, networks_of(algorithm, env_id))
    policy_class = NETWORKS[network][algorithm]
    one_of("algorithm", algorithm, fitting(env_id))
    env = training_env(env_id, scenario)
    standard = deepcopy(standard)  # SB3 writes to policy_kwargs
    if network == "set" and env_id == CONTINUOUS_BATCHING:
        if scenario.workload.tasks is not None:
            raise ValueError(
                f'network = "set": must be "mlp" for scenario {scenario.name}, whose requests are of tasks'
            )
        iterations = scenario.iterations
        extent = (scenario.epoch.visible_slots, iterations.running_slots, 1 + len(iterations.prefill_budgets))
        policy_class, standard["policy_kwargs"] = EngineSetPolicy, {"extent": extent}
    elif network == "set":
        keywords = standard.setdefault("policy_kwargs", {})
        keywords.pop("net_arch", None)
        if algorithm != "dqn":
            mechanism = env.env.unwrapped.mechanism
            keywords["extent"] = tuple(mechanism.extent(scenario))
            if isinstance(mechanism.action_space(scenario), spaces.Box):
                keywords["whole"] = per_slot_and_whole(mechanism.action, scenario)[1]
    return make(policy_class, env, seed=seed, device="cpu", **(standard | settings))
