from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env.envs.observation.features import CONTEXT_FEATURES, SLOT_FEATURES, slot_feature, split_observation
from tests.support.helpers import observation_length, small_scenario, workload_at

Q = 6


@pytest.fixture(scope="module")
def env() -> gym.Env:
    return gym.make("EdgeLLM/Batching-v0", scenario=small_scenario(), disable_env_checker=True)


def test_observation_is_the_context_and_then_slot_after_slot(env: gym.Env):
    assert env.observation_space.shape == (observation_length(Q),) == (len(CONTEXT_FEATURES) + Q * len(SLOT_FEATURES),)
    numbered = np.arange(observation_length(Q), dtype=np.float32)
    context, slots = split_observation(numbered)
    assert context.tolist() == list(range(len(CONTEXT_FEATURES)))
    assert slots.shape == (Q, len(SLOT_FEATURES))
    assert slots.ravel().tolist() == numbered[len(CONTEXT_FEATURES) :].tolist()


def test_batches_of_observations_split_alike():
    batch = np.arange(3 * 2 * observation_length(Q), dtype=np.float32).reshape(3, 2, -1)
    context, slots = split_observation(batch)
    assert context.shape == (3, 2, len(CONTEXT_FEATURES))
    assert slots.shape == (3, 2, Q, len(SLOT_FEATURES))
    np.testing.assert_array_equal(slots[1, 1], split_observation(batch[1, 1])[1])
    np.testing.assert_array_equal(slot_feature(batch, "present"), slots[..., 0])


def test_parts_are_views():
    observation = np.zeros(observation_length(Q), dtype=np.float32)
    slot_feature(observation, "slack")[:] = 1.0
    assert observation.sum() == Q


def test_names_are_unique_and_explained():
    features = [*CONTEXT_FEATURES, *SLOT_FEATURES]
    assert len({feature.name for feature in features}) == len(features)
    assert all(feature.scale and feature.meaning for feature in features)


def test_empty_and_admitted_slots_are_all_zero(env: gym.Env):
    env.reset(options={"workload": workload_at([1.0, 1.1])})
    observation, *_ = env.step(0)
    _, slots = split_observation(observation)
    assert slots[1, 0] == 1.0
    assert not slots[[0, 2, 3, 4, 5]].any()


def test_admissible_feature_is_the_mask(env: gym.Env):
    observation, info = env.reset(seed=3)
    rng = np.random.default_rng(3)
    for _ in range(25):
        assert slot_feature(observation, "admissible").tolist() == info["action_mask"][:-1].tolist()
        observation, _, _, _, info = env.step(rng.choice(np.flatnonzero(info["action_mask"])))


@pytest.mark.parametrize(("latency_s", "can_wait"), [(3.4, 0.0), (4.0, 1.0)])
def test_can_wait_tells_whether_the_request_is_still_there_in_the_next_epoch(
    env: gym.Env, latency_s: float, can_wait: float
):
    # Arrived at 1 s; the epoch at 4 s leaves τ - 3.5 s to compute.
    observation, _ = env.reset(options={"workload": workload_at([1.0], latency_requirement_s=latency_s)})
    assert slot_feature(observation, "can_wait")[0] == can_wait
    *_, info = env.step(Q)
    assert info["pending"] == can_wait


def test_lengths_and_slack_are_relative_to_the_longest_of_the_scenario(env: gym.Env):
    workload = workload_at([1.5], prompt_tokens=256, output_tokens=128, latency_requirement_s=4.0)
    observation, _ = env.reset(options={"workload": workload})
    assert slot_feature(observation, "prompt")[0] == 256 / 512
    assert slot_feature(observation, "output")[0] == 128 / 512
    # 1.5 + 4 - 2 - 0.5 = 3 s of at most 6
    assert slot_feature(observation, "slack")[0] == 0.5


def test_what_exceeds_its_scale_is_clipped(env: gym.Env):
    observation, _ = env.reset(options={"workload": workload_at([1.5], prompt_tokens=1024, latency_requirement_s=1e6)})
    assert slot_feature(observation, "prompt")[0] == 1.0
    assert slot_feature(observation, "slack")[0] == 1.0
