"""What users of Gymnasium and Stable-Baselines3 bring along works: algorithms, wrappers, environments in processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import wrappers
from gymnasium.vector import AsyncVectorEnv, AutoresetMode
from sb3_contrib import TQC, MaskablePPO, RecurrentPPO
from stable_baselines3 import A2C, DQN, PPO, SAC

from edge_llm_agents import EdgeVecEnv
from tests.support.helpers import small_scenario

BATCHING, SELECTION, BANDWIDTH = "EdgeLLM/Batching-v0", "EdgeLLM/BatchSelection-v0", "EdgeLLM/Bandwidth-v0"
OFF_POLICY = {"learning_starts": 16, "batch_size": 16, "buffer_size": 500}
ALGORITHMS: dict[str, tuple[Any, str, str, dict[str, Any]]] = {
    "PPO": (PPO, "MlpPolicy", SELECTION, {"n_steps": 16, "batch_size": 16}),
    "A2C": (A2C, "MlpPolicy", SELECTION, {}),
    "MaskablePPO": (MaskablePPO, "MlpPolicy", BATCHING, {"n_steps": 16, "batch_size": 16}),
    "DQN": (DQN, "MlpPolicy", BATCHING, OFF_POLICY),
    "SAC": (SAC, "MlpPolicy", BANDWIDTH, OFF_POLICY),
    "TQC": (TQC, "MlpPolicy", BANDWIDTH, OFF_POLICY),
    "RecurrentPPO": (RecurrentPPO, "MlpLstmPolicy", BATCHING, {"n_steps": 16, "batch_size": 16}),
}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_algorithms_of_stable_baselines3_learn_from_rows(name: str) -> None:
    make, policy, env_id, settings = ALGORITHMS[name]
    env = EdgeVecEnv(env_id, 2, small_scenario())
    model = make(policy, env, seed=0, device="cpu", **settings).learn(64)
    assert model.num_timesteps >= 64
    action, _ = model.predict(env.reset(), deterministic=True)
    assert all(env.action_space.contains(one) for one in action)


WRAPPERS: dict[str, Callable[[gym.Env], gym.Env]] = {
    "Autoreset": wrappers.Autoreset,
    "ClipReward": lambda env: wrappers.ClipReward(env, -1.0, 1.0),
    "DelayObservation": lambda env: wrappers.DelayObservation(env, 1),
    "FlattenObservation": wrappers.FlattenObservation,
    "FrameStackObservation": lambda env: wrappers.FrameStackObservation(env, 2),
    "MaxAndSkipObservation": lambda env: wrappers.MaxAndSkipObservation(env, 2),
    "NormalizeObservation": wrappers.NormalizeObservation,
    "NormalizeReward": wrappers.NormalizeReward,
    "OrderEnforcing": wrappers.OrderEnforcing,
    "PassiveEnvChecker": wrappers.PassiveEnvChecker,
    "RecordEpisodeStatistics": wrappers.RecordEpisodeStatistics,
    "RescaleObservation": lambda env: wrappers.RescaleObservation(env, np.float32(-1.0), np.float32(1.0)),
    "StickyAction": lambda env: wrappers.StickyAction(env, 0.25),
    "TimeAwareObservation": lambda env: wrappers.TimeAwareObservation(wrappers.TimeLimit(env, 9)),
    "TimeLimit": lambda env: wrappers.TimeLimit(env, 3),
    "TransformReward": lambda env: wrappers.TransformReward(env, lambda reward: 2.0 * float(reward)),
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_wrappers_of_gymnasium_hold(name: str) -> None:
    env = WRAPPERS[name](gym.make(SELECTION, scenario=small_scenario()))
    observation, _ = env.reset(seed=0)
    for _ in range(8):
        assert env.observation_space.contains(observation)
        observation, reward, _, truncated, _ = env.step(np.ones(env.action_space.shape or (), dtype=np.int8))
        assert np.isfinite(float(reward))
        if truncated and name != "Autoreset":
            observation, _ = env.reset()
    env.close()


@pytest.mark.parametrize(("start", "mode"), list(zip(("fork", "spawn", "forkserver"), AutoresetMode, strict=True)))
def test_environments_in_processes_of_their_own_are_those_of_this_one(start: str, mode: AutoresetMode) -> None:
    scenario = small_scenario(epoch__episode_epochs=3)

    def make() -> gym.Env:
        return gym.make(SELECTION, scenario=scenario)

    apart = AsyncVectorEnv([make] * 2, context=start, autoreset_mode=mode)
    here = [make() for _ in range(2)]
    everybody = np.ones(here[0].action_space.shape or (), dtype=np.int8)
    try:
        observations, _ = apart.reset(seed=5)
        own = [env.reset(seed=5 + at)[0] for at, env in enumerate(here)]
        for _ in range(3):
            assert np.array_equal(observations, own)
            observations, rewards, _, truncated, _ = apart.step(np.stack([everybody] * 2))
            stepped = [env.step(everybody) for env in here]
            own = [one[0] for one in stepped]
            assert rewards.tolist() == [one[1] for one in stepped]
        assert truncated.all()
    finally:
        apart.close()
