"""The files for RL Zoo: what they set is what Stable-Baselines3 takes. `tests/tools` has RL Zoo train by them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import gymnasium as gym
import pytest
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.vec_env import DummyVecEnv

from edge_llm_agents.masked_ppo.hyperparameter_files import FOLDER
from tests.support.helpers import ENVIRONMENT_IDS, small_scenario
from tests.support.programs.rl_zoo import ALGORITHMS, NAMES, SCENARIOS, SECTIONS

CLASSES = {"ppo": PPO, "sac": SAC}


def test_every_environment_has_settings_and_every_file_is_read() -> None:
    assert {file.stem for file in (FOLDER / "rl_zoo").iterdir()} == set(ALGORITHMS)
    assert [env_id for algorithm, env_id, _ in SECTIONS if algorithm == "ppo"] == list(ENVIRONMENT_IDS)
    continuous = [env_id for env_id in ENVIRONMENT_IDS if isinstance(made(env_id).action_space, gym.spaces.Box)]
    assert [env_id for algorithm, env_id, _ in SECTIONS if algorithm == "sac"] == continuous


# RescaleAction makes a Box of the numbers in the file, which are Python's.
@pytest.mark.filterwarnings("ignore:.*precision lowered by casting to float32:UserWarning")
@pytest.mark.parametrize(("algorithm", "env_id", "section"), SECTIONS, ids=NAMES)
def test_the_algorithm_takes_the_settings(algorithm: str, env_id: str, section: dict[str, Any]) -> None:
    settings = dict(section)  # RL Zoo takes out its own, and evaluates what is written in Python
    assert settings.pop("n_timesteps") > 0
    assert set(eval(settings.pop("normalize"))) == {"norm_obs", "norm_reward"}
    wrappers = settings.pop("env_wrapper", [])
    settings["policy_kwargs"] = eval(settings["policy_kwargs"])
    if isinstance(settings.get("learning_rate"), str):
        settings["learning_rate"] = float(settings["learning_rate"].removeprefix("lin_"))

    def make() -> gym.Env:
        env = made(env_id)
        for wrapper in wrappers:
            ((name, arguments),) = wrapper.items()
            module, _, cls = name.rpartition(".")
            env = getattr(import_module(module), cls)(env, **arguments)
        return env

    env = DummyVecEnv([make] * settings.pop("n_envs"))
    assert CLASSES[algorithm](env=env, device="cpu", **settings).gamma == section["gamma"]


def made(env_id: str) -> gym.Env:
    return gym.make(env_id, scenario=small_scenario(SCENARIOS.get(env_id, "accuracy-tiers")))
