"""Modules that a learned allocation moves, with exact levels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from numpy.typing import NDArray

from edge_llm_agents.allocations.levels import LearnedLevels
from edge_llm_agents.allocations.policy import LearnedAllocation
from edge_llm_agents.allocations.search import AllocationSettings
from edge_llm_agents.commands.main import main
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.evaluation.models import decoding_of
from edge_llm_agents.evaluation.playing import DecodedPolicy
from edge_llm_agents.pretrained.saved_policies import Card, load_policy, save_policy
from edge_llm_agents.seeded.levels import saved_modules
from edge_llm_agents.seeded.training import train_seeds
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_baselines.levels.decoding import level_values_space
from edge_llm_baselines.levels.earning import earned_by_levels
from edge_llm_baselines.registry.levels import OF_LEVELS
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION, COMPUTE, SERVICE_LEVEL
from tests.support.tasks import small_tasks

SHORT = {"epoch.episode_epochs": 40}


def modules() -> LearnedAllocation:
    policy, _ = load_policy("compute-specialists-compute")
    assert isinstance(policy, LearnedAllocation)
    return policy


def test_modules_that_move_ahead_of_phases_pay(tmp_path: Path):
    scenario = load_scenario("specialists", **SHORT)
    policy = LearnedLevels(modules().for_scenario(scenario))
    assert policy.env_id == SERVICE_LEVEL
    workloads = draw_workloads(scenario, 3, 0)
    learned = earned_by_levels(policy.acting, scenario, workloads)
    as_they_are = earned_by_levels(OF_LEVELS.rules["best-levels"].acting(0), scenario, workloads)
    assert learned.reward.sum() > 1.1 * as_they_are.reward.sum()
    alone = earned_by_levels(policy.acting, scenario, workloads[2:])
    assert alone.reward[0] == learned.reward[2]
    save_policy(policy, Card("specialists", SHORT, "by hand", {}, 0, 1, {}, {}), tmp_path / "mine")
    loaded, _ = load_policy(tmp_path / "mine", scenario)
    assert isinstance(loaded, LearnedLevels)
    np.testing.assert_array_equal(earned_by_levels(loaded.acting, scenario, workloads).reward, learned.reward)


def test_only_modules_of_compute_are_taken():
    other, _ = load_policy("bandwidth-embedding-uplink")
    assert isinstance(other, LearnedAllocation)
    with pytest.raises(ValueError, match=f"is a policy of EdgeLLM/Bandwidth-v0, must be one of {COMPUTE}"):
        LearnedLevels(other)


def test_modules_without_the_time_of_their_search_are_not_judged(tmp_path: Path):
    save_policy(modules(), Card("specialists", {}, "by hand", {}, 0, 1, {}, {}), tmp_path / "mine")
    with pytest.raises(ValueError, match="its card must say the seconds of its search"):
        saved_modules(str(tmp_path / "mine"), load_scenario("specialists"))


def test_modules_of_a_saved_policy_are_judged_and_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    few = {"epoch.episode_epochs": 6, "epoch.visible_slots": 8}
    short = modules().for_scenario(load_scenario("specialists-compute", **few))
    card = Card("specialists-compute", few, "by hand", {}, 4, 1, {"seconds": 1.0}, {})
    save_policy(short, card, tmp_path / "mine")
    asked = ["train", "levels", "--modules", str(tmp_path / "mine"), "--evaluation-episodes", "2"]
    changes = [text for field, number in few.items() for text in (field, str(number))]
    where = ["--results", str(tmp_path), "--policies", str(tmp_path)]
    assert main([*asked, "--overrides", *changes, *where]) == 0
    told = capsys.readouterr()
    assert "tuned level_plan: " in told.err
    assert "played informed: reward " in told.err
    assert "seed 4: reward " in told.out
    record = json.loads((tmp_path / "train-levels-specialists.json").read_text())
    assert record["references"]["rules"].keys() == OF_LEVELS.rules.keys()
    policy, saved = load_policy(tmp_path / "levels-specialists")
    assert isinstance(policy, LearnedLevels)
    assert saved.evaluation["reward"] == record["runs"][0]["reward"]


def test_modules_of_another_scenario_are_refused_before_anything_is_tuned(capsys: pytest.CaptureFixture[str]):
    asked = ["train", "levels", "--modules", "compute-specialists-compute", "--overrides", "epoch.episode_epochs", "6"]
    assert main(asked) == 2
    told = capsys.readouterr().err
    assert "is for scenario 'specialists-compute'" in told
    assert "tuned" not in told


def test_modules_that_are_found_are_not_searched_for(capsys: pytest.CaptureFixture[str]):
    assert main(["train", "levels", "--modules", "compute-specialists-compute", "--seeds", "1"]) == 2
    assert "modules = 'compute-specialists-compute': must be left out where seeds" in capsys.readouterr().err


DROPPING = small_tasks(workload__tasks__drop_by_action=True, workload__arrivals__rate_per_s=5.0)


@pytest.mark.parametrize(
    ("env_id", "scenario"),
    [(BATCH_SELECTION, "service-levels"), (SERVICE_LEVEL, "service-levels"), (BATCH_SELECTION, DROPPING)],
    ids=["batch", "levels", "batch and caches"],
)
def test_values_are_decoded_in_single_environments_too(env_id: str, scenario: Any):
    single: Any = gym.make(env_id, scenario=scenario, disable_env_checker=True)
    rows: Any = gym.make_vec(env_id, 1, "vector_entry_point", scenario=scenario)
    inner = single.unwrapped.simulation
    values = level_values_space(inner) if env_id == SERVICE_LEVEL else spaces.Box(-1.0, 1.0, (inner.slots,))
    acted = []
    for env, shape in ((single, values.shape), (rows, (1, *values.shape))):
        env.reset(seed=0)
        decoding = decoding_of(values, env)
        assert decoding is not None
        acted.append(DecodedPolicy(Always(np.full(shape, 0.5)), env, decoding).predict(None)[0])
    assert single.action_space.contains(acted[0])
    np.testing.assert_array_equal(acted[0], acted[1][0])
    assert acted[0].any()


class Always:
    def __init__(self, values: NDArray[np.float64]) -> None:
        self._values = values

    def predict(self, *given: Any) -> tuple[Any, Any]:
        return self._values, None


def test_a_search_is_judged_by_reward():
    few = {"epoch.episode_epochs": 16, "epoch.visible_slots": 12, "workload.arrivals.rate_per_s": 2.0}
    scenario = load_scenario("service-levels", **few)
    judge = judge_of(SERVICE_LEVEL, scenario, 2)
    settings = AllocationSettings(
        generations=1, episodes=2, cross_entropy=CrossEntropySettings(4, 2), validation_episodes=2
    )
    (trained,) = train_seeds("service-levels", few, settings, [0], judge)
    (run,) = trained.record["runs"]
    assert trained.record["environment"] == SERVICE_LEVEL
    assert isinstance(trained.policy, LearnedLevels)
    assert run["reward"] == judge.play(trained.policy.acting).reward.mean()
    assert run["reward"] <= trained.record["references"]["most_reward"]
