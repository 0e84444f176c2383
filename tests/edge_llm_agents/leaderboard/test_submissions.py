"""Policies of somebody else's: functions, zips of Stable-Baselines3, value policies."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.wrappers.vector import RescaleAction
from sb3_contrib import MaskablePPO
from stable_baselines3 import A2C, PPO

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.evaluation.models import DoesNotPlayError
from edge_llm_agents.evaluation.playing import DecodedPolicy, MaskedModel, evaluate_model
from edge_llm_agents.leaderboard.policies.model_file import ModelFile
from edge_llm_agents.leaderboard.policies.saved_file import SavedFile
from edge_llm_agents.leaderboard.policies.submissions import submission
from edge_llm_baselines.allocation.oracle_decoding import VectorOracleDecoding
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import draw_workloads
from tests.support.helpers import small_scenario

SMALL = small_scenario()
EPISODES = draw_workloads(SMALL, 2, 0)


def served(source: ModelFile, env_id: str) -> list[int]:
    return roll_out(source.policy(env_id, SMALL), env_id, SMALL, EPISODES).served.tolist()


def saved(algorithm: Any, env: EdgeVecEnv, path: Path) -> Any:
    model = algorithm("MlpPolicy", env, seed=0, device="cpu", policy_kwargs={"net_arch": [8]})
    model.save(path)
    return model


def test_a_masked_model_plays_what_it_plays_without_the_suite(tmp_path: Path) -> None:
    model = saved(MaskablePPO, EdgeVecEnv("EdgeLLM/Batching-v0", 1, SMALL), tmp_path / "mine.zip")
    name, source = submission(f"mine={tmp_path}/mine.zip", tmp_path, unpickle=True)
    assert (name, source.label, source.learned) == ("mine", "mine.zip", True)
    assert served(source, "EdgeLLM/Batching-v0") == evaluate_model(model, SMALL, EPISODES).served.tolist()


def test_the_class_of_a_model_may_be_named(tmp_path: Path) -> None:
    model = saved(A2C, EdgeVecEnv("EdgeLLM/BatchSelection-v0", 1, SMALL), tmp_path / "mine.zip")
    _, source = submission(f"mine=A2C@{tmp_path}/mine.zip", tmp_path, unpickle=True)
    expected = roll_out(lambda env: MaskedModel(model, env), "EdgeLLM/BatchSelection-v0", SMALL, EPISODES)
    assert served(source, "EdgeLLM/BatchSelection-v0") == expected.served.tolist()


def rescaled(env: Any) -> Any:
    return RescaleAction(env, np.float32(-1.0), np.float32(1.0))


@pytest.mark.parametrize("wrap", [VectorOracleDecoding, lambda env: rescaled(VectorOracleDecoding(env))])
def test_a_box_in_batch_selection_is_values_to_be_decoded(wrap: Callable[[Any], Any], tmp_path: Path) -> None:
    env = EdgeVecEnv("EdgeLLM/BatchSelection-v0", 2, SMALL, wrapper=wrap)
    model = saved(PPO, env, tmp_path / "mine.zip")
    low = env.action_space.low[0]

    class Values:
        def predict(
            self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
        ) -> Any:
            actions, _ = model.predict(observation, deterministic=True)
            return (np.clip((actions + 1.0) / 2.0, 0.0, 1.0) if low == -1.0 else actions), None

    expected = roll_out(lambda one: DecodedPolicy(Values(), one), "EdgeLLM/BatchSelection-v0", SMALL, EPISODES)
    source = ModelFile(str(tmp_path / "mine.zip"), None)
    assert served(source, "EdgeLLM/BatchSelection-v0") == expected.served.tolist()


def test_a_model_of_other_spaces_does_not_play(tmp_path: Path) -> None:
    saved(MaskablePPO, EdgeVecEnv("EdgeLLM/Batching-v0", 1, SMALL), tmp_path / "mine.zip")
    source = ModelFile(str(tmp_path / "mine.zip"), None)
    with pytest.raises(DoesNotPlayError, match=r"its actions are Discrete\(7\), here they are MultiBinary\(6\)"):
        served(source, "EdgeLLM/BatchSelection-v0")
    wider = gym.make_vec(
        "EdgeLLM/Batching-v0", 1, "vector_entry_point", scenario=small_scenario(epoch__visible_slots=7)
    )
    assert isinstance(wider.single_action_space, spaces.Discrete)
    with pytest.raises(DoesNotPlayError, match="it sees observations of shape"):
        source.policy("EdgeLLM/Batching-v0", SMALL)(wider)


def test_a_value_policy_plays_in_its_own_scenario_alone() -> None:
    name, source = submission("values=value-carry-over", Path())
    assert (name, source) == ("values", SavedFile("value-carry-over"))
    source.policy("EdgeLLM/BatchSelection-v0", load_scenario("carry-over"))
    for env_id, scenario in (("EdgeLLM/Batching-v0", "carry-over"), ("EdgeLLM/BatchSelection-v0", "bursty")):
        with pytest.raises(DoesNotPlayError, match="value-carry-over is for EdgeLLM/BatchSelection-v0, carry-over"):
            source.policy(env_id, load_scenario(scenario))


def test_the_hash_of_a_model_follows_its_file_and_not_where_that_lies(tmp_path: Path) -> None:
    for name, content in (("one", b"one"), ("same", b"one"), ("other", b"other")):
        (tmp_path / f"{name}.zip").write_bytes(content)
    one, same, other = (
        ModelFile(str(tmp_path / f"{name}.zip"), None).sha256("EdgeLLM/Batching-v0")
        for name in ("one", "same", "other")
    )
    assert one == same != other


def test_a_function_is_looked_for_in_the_folder_and_leaves_the_path_as_it_was(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "theirs.py").write_text("def make(env):\n    return None\n")
    monkeypatch.delitem(sys.modules, "theirs", raising=False)
    before = list(sys.path)
    _, source = submission("theirs=theirs:make", tmp_path)
    assert source.policy("EdgeLLM/Batching-v0", SMALL).__name__ == "make"
    assert len(source.sha256("EdgeLLM/BatchSelection-v0")) == 64
    assert sys.path == before
    with pytest.raises(ValueError, match="policy = 'theirs:other': module 'theirs' has no function 'other'"):
        submission("x=theirs:other", tmp_path)[1].policy("EdgeLLM/Batching-v0", SMALL)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine.zip", "policy = 'mine.zip': must be NAME=SOURCE"),
        ("../x=a:b", "policy = '../x=a:b': must be NAME=SOURCE, the name of letters"),
        ("x=missing.zip", "policy = 'x=missing.zip': there is no file missing.zip"),
        ("x=Ppo@missing.zip", "policy's class = 'Ppo': must be one of A2C, "),
        ("x=value-carry-ovr", "did you mean 'value-carry-over'"),
        ("x=no_such_module_here:f", "there is no module 'no_such_module_here'"),
        ("x=.beside:f", "must be module:function"),
        ("x=:f", "must be module:function"),
        ("x=no_such_package.module:f", "No module named 'no_such_package'"),
    ],
)
def test_what_is_no_submission_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        submission(text, tmp_path)[1].sha256("EdgeLLM/BatchSelection-v0")
