"""The files for RL Zoo: what they set is what Stable-Baselines3 takes, and RL Zoo trains by them where it is installed.

RL Zoo needs python-dateutil below 3, which the pinned versions are not, so it is in an extra of its own.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
import yaml
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.vec_env import DummyVecEnv

from edge_llm_agents.masked_ppo.hyperparameter_files import FOLDER
from tests.support.helpers import ENVIRONMENT_IDS, small_scenario

ALGORITHMS = {"ppo": PPO, "sac": SAC}
FILES = {algorithm: FOLDER / "rl_zoo" / f"{algorithm}.yml" for algorithm in ALGORITHMS}
SECTIONS = [
    (algorithm, env_id, section)
    for algorithm, file in FILES.items()
    for env_id, section in yaml.safe_load(file.read_text()).items()
]
SCENARIOS = {"EdgeLLM/Bandwidth-v0": "embedding-uplink", "EdgeLLM/Joint-v0": "accuracy-tiers"}


def test_every_environment_has_settings_and_every_file_is_read() -> None:
    assert {file.stem for file in (FOLDER / "rl_zoo").iterdir()} == set(ALGORITHMS)
    assert [env_id for algorithm, env_id, _ in SECTIONS if algorithm == "ppo"] == list(ENVIRONMENT_IDS)
    continuous = [env_id for env_id in ENVIRONMENT_IDS if isinstance(made(env_id).action_space, gym.spaces.Box)]
    assert [env_id for algorithm, env_id, _ in SECTIONS if algorithm == "sac"] == continuous


# RescaleAction makes a Box of the numbers in the file, which are Python's.
@pytest.mark.filterwarnings("ignore:.*precision lowered by casting to float32:UserWarning")
@pytest.mark.parametrize(("algorithm", "env_id", "section"), SECTIONS, ids=[f"{one[0]}-{one[1]}" for one in SECTIONS])
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
    assert ALGORITHMS[algorithm](env=env, device="cpu", **settings).gamma == section["gamma"]


def made(env_id: str) -> gym.Env:
    return gym.make(env_id, scenario=small_scenario(SCENARIOS.get(env_id, "accuracy-tiers")))


@pytest.mark.skipif(find_spec("rl_zoo3") is None, reason="RL Zoo is not installed (extra ecosystem)")
@pytest.mark.parametrize(("algorithm", "env_id", "section"), SECTIONS, ids=[f"{one[0]}-{one[1]}" for one in SECTIONS])
def test_rl_zoo_trains_and_evaluates(algorithm: str, env_id: str, section: dict[str, Any], tmp_path: Path) -> None:
    short = tmp_path / "short.toml"
    short.write_text(f'extends = "{SCENARIOS.get(env_id, "accuracy-tiers")}"\ndescription = "short"\n'
                     "[epoch]\nepisode_epochs = 6\nvisible_slots = 6\n")  # fmt: skip
    few = ("n_steps:16", "batch_size:16") if algorithm == "ppo" else ("learning_starts:20",)
    command = [sys.executable, "-m", "rl_zoo3.train", "--algo", algorithm, "--env", env_id, "--gym-packages",
               "edge_llm_env", "--conf-file", str(FILES[algorithm]), "--env-kwargs", f"scenario:'{short}'",
               "--n-timesteps", "200", "--eval-freq", "100", "--eval-episodes", "1", "--num-threads", "1",
               "--log-folder", "logs", "--hyperparams", "n_envs:2", *few]  # fmt: skip
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert finished.returncode == 0, finished.stderr
    run = tmp_path / "logs" / algorithm / f"{env_id.replace('/', '-')}_1"
    assert (run / "best_model.zip").is_file()
    assert (run / f"{env_id.replace('/', '-')}.zip").is_file()
