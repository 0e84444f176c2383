"""What stands against an id, and what stands against one that nobody registered anything for."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines.playing.random_actions import RandomActions
from edge_llm_baselines.registry.registered import baseline, baselines_of, tunables
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION, BATCHING, COMPUTE
from edge_llm_env.registration import ENVIRONMENTS, EnvironmentEntry, environment
from tests.support.helpers import ENVIRONMENT_IDS, small_scenario

ROWS = 3


@pytest.mark.parametrize("env_id", ENVIRONMENT_IDS)
def test_keys_can_be_typed_and_names_tell_baselines_apart(env_id: str) -> None:
    baselines = baselines_of(env_id)
    assert baseline(env_id, "oracle") is baselines.rules[baselines.oracle]
    assert all(key == key.lower() and " " not in key for key in baselines.rules)
    assert len({rule.name for rule in baselines.rules.values()}) == len(baselines.rules)


def test_what_is_tuned_is_tuned_once_and_left_out_where_there_is_nothing_to_tune() -> None:
    offered = ["discount", "index", "admission", "signals", "chance", "told_signals", "stretch", "uploads", "price"]
    offered += [
        "partition",
        "threshold",
        "plan",
        "ages",
        "offloading",
        "life",
        "departures",
        "autoscaler",
        "kept_epochs",
    ]
    offered += ["trend", "profile", "summed", "fixed_groups", "groups"]
    offered += ["waits", "level_partition", "level_threshold", "level_plan"]
    assert [one.name for one in tunables()] == offered
    baselines = baselines_of(COMPUTE)
    assert baselines.tuned(small_scenario(), seed=0) == dict.fromkeys(
        ("partition", "threshold", "plan", "ages")
    )  # of one variant
    assert "fixed" in baselines.rules
    assert "fixed" not in baselines.playable(load_scenario("carry-over"), {"partition": None})
    tuned = {"partition": [0.5, 0.5], "threshold": 0.1, "plan": [1.0, 0.0]}
    assert "best fixed partition" in baselines.policies(load_scenario("accuracy-tiers"), tuned, seed=0)
    assert baselines.rules["fixed"].of({"partition": [0.5, 0.5]}) == [0.5, 0.5]


def test_batches_made_request_by_request_are_solved_where_they_are_named_whole() -> None:
    assert baselines_of(BATCHING).solved_in == BATCH_SELECTION
    assert baselines_of(BATCHING).rules == baselines_of(BATCH_SELECTION).rules


def test_an_environment_without_baselines_is_held_against_random_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EnvironmentEntry(**{**vars(environment(COMPUTE)), "id": "Other/Compute-v0"})
    monkeypatch.setitem(ENVIRONMENTS, entry.id, entry)
    baselines = baselines_of(entry.id)
    assert (baselines.oracle, list(baselines.rules), baselines.hindsight) == ("random", ["random"], None)


def test_an_unknown_key_or_id_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"policy = 'dtfsp': must be one of dftsp, .* \(did you mean 'dftsp'\?\)"):
        baseline(BATCHING, "dtfsp")
    with pytest.raises(ValueError, match="env_id = 'EdgeLLM/Batch-v0': must be one of"):
        baselines_of("EdgeLLM/Batch-v0")


@pytest.mark.parametrize("env_id", ENVIRONMENT_IDS)
def test_random_actions_are_valid_and_follow_the_seed(env_id: str) -> None:
    env: Any = gym.make_vec(
        env_id, num_envs=ROWS, vectorization_mode="vector_entry_point", scenario=small_scenario("accuracy-tiers")
    )
    observations, _ = env.reset(seed=0)
    drawn = [RandomActions(env, seed).predict(observations)[0] for seed in (1, 1, 2)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    policy = RandomActions(env, seed=0)
    several = [policy.predict(observations)[0] for _ in range(20)]
    assert all(env.action_space.contains(actions) for actions in several)
    assert len({actions.tobytes() for actions in several}) > 1
    if env_id == BATCHING:
        masks = env.unwrapped.action_masks()
        assert all(masks[np.arange(ROWS), actions].all() for actions in several)


def test_random_actions_of_a_single_environment_are_those_of_a_row() -> None:
    single: Any = gym.make(BATCH_SELECTION, scenario=small_scenario())
    observation, _ = single.reset(seed=0)
    action, _ = RandomActions(single, seed=3).predict(observation)
    assert single.action_space.contains(action)


def test_random_actions_of_another_space_are_an_error() -> None:
    env: Any = gym.make(BATCH_SELECTION, scenario=small_scenario())
    env.action_space = gym.spaces.Text(3)
    with pytest.raises(TypeError, match="must be Discrete, MultiDiscrete, MultiBinary or Box"):
        RandomActions(env)
