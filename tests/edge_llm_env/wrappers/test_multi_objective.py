"""Vector rewards: what each objective is, and that they hold the environment's own reward."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from edge_llm_baselines.allocation.oracle_decoding import OracleDecoding
from edge_llm_env.wrappers.multi_objective import MultiObjective, VectorMultiObjective
from tests.support.helpers import ALL_WEIGHTS, ONE_NODE_IDS, small_scenario, some_action, workload_at

BATCHING = "EdgeLLM/Batching-v0"


def episode(env: gym.Env, **reset: Any) -> tuple[np.ndarray, list[Any], dict[str, Any]]:
    """The reward vectors (steps, 4) and actions of an episode of random actions, and the last info."""
    _, info = env.reset(**reset)
    rng = np.random.default_rng(0)
    rewards, actions, truncated = [], [], False
    while not truncated:
        actions.append(some_action(env, info, rng))
        _, reward, _, truncated, info = env.step(actions[-1])
        assert env.unwrapped.reward_space.contains(reward)
        rewards.append(reward)
    return np.array(rewards), actions, info


def test_worked_example():
    # Four requests of 256, 384, 512 and 1024 tokens are the four quarters. All easy to serve, two are never admitted
    # and cannot be served once 4 s have passed: rates 1, 0, 1, 0, so J = (1 + 1)² / (4·(1 + 1)) = 1/2.
    requests = workload_at([0.1] * 4, prompt_tokens=[128, 128, 256, 512], output_tokens=[128, 256, 256, 512],
                    latency_requirement_s=4.0)  # fmt: skip
    env = MultiObjective(gym.make(BATCHING, scenario=small_scenario(epoch__episode_epochs=3)))
    env.reset(options={"workload": requests})
    admit_first, admit_third, *dispatches = (env.step(action) for action in (0, 2, 6, 6, 6))
    # BLOOM-3B with float weights is as accurate as it is: f(0) = 1. 1 served, J = 1 as nobody else is settled.
    throughput, energy, accuracy, fairness = admit_first[1]
    assert (throughput, accuracy, fairness) == (1.0, 1.0, 1.0)
    compute_s = admit_first[4]["utilisation"]["compute"] * 1.5
    assert energy == pytest.approx(-compute_s * 20 * 15.0)  # 20 modules of 15 W
    assert admit_third[1][3] == 0.0
    assert admit_third[1][1] == pytest.approx(-(admit_third[4]["energy_j"] + energy))
    assert sum(step[1][3] for step in dispatches) == pytest.approx(-0.5)
    assert dispatches[-1][4]["expired"] == 2


@pytest.mark.parametrize("env_id", ONE_NODE_IDS)
def test_own_weights_give_back_the_environments_reward(env_id: str):
    scenario = small_scenario(**ALL_WEIGHTS)
    vector, plain = MultiObjective(gym.make(env_id, scenario=scenario)), gym.make(env_id, scenario=scenario)
    rewards, actions, info = episode(vector, seed=3)
    plain.reset(seed=3)
    expected = [plain.step(action)[1] for action in actions]
    np.testing.assert_allclose(rewards @ vector.own_weights, expected, rtol=1e-9, atol=1e-9)
    assert rewards[:, 1].sum() == pytest.approx(-info["energy_j"])


def test_sums_over_an_episode_are_what_happened():
    scenario = small_scenario("quantization-choice", epoch__episode_epochs=8)
    env = MultiObjective(gym.make("EdgeLLM/Compute-v0", scenario=scenario))
    rewards, _, info = episode(env, seed=1)
    served, _, accuracy, fairness = rewards.sum(axis=0)
    assert served == info["served"] > 0
    offered = [variant.accuracies[0] for variant in scenario.variants]
    assert min(offered) <= accuracy / served <= max(offered)
    assert len(set(offered)) > 1
    assert 0.25 <= fairness <= 1.0


def test_accuracy_is_that_of_the_variant_that_served():
    scenario = small_scenario("quantization-choice", epoch__episode_epochs=5)
    env = MultiObjective(gym.make("EdgeLLM/Compute-v0", scenario=scenario))
    for variant, settings in enumerate(scenario.variants):
        env.reset(seed=2)
        logits = np.full(len(scenario.variants), -1.0)
        logits[variant] = 1.0
        rewards = np.array([env.step(logits)[1] for _ in range(5)])
        assert rewards[:, 0].sum() > 0
        np.testing.assert_allclose(rewards[:, 2], rewards[:, 0] * settings.accuracies[0])


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
@pytest.mark.parametrize("env_id", [BATCHING, "EdgeLLM/Compute-v0"])
def test_a_row_is_the_single_environment(env_id: str, mode: AutoresetMode):
    scenario = small_scenario("quantization-choice" if "Compute" in env_id else "carry-over")
    envs = VectorMultiObjective(gym.make_vec(
        env_id, num_envs=3, vectorization_mode="vector_entry_point", scenario=scenario, autoreset_mode=mode
    ))  # fmt: skip
    singles = [MultiObjective(gym.make(env_id, scenario=scenario)) for _ in range(3)]
    _, infos = envs.reset(seed=5)
    for row, env in enumerate(singles):
        env.reset(seed=5 + row)
    finished = np.zeros(3, dtype=bool)
    rng = np.random.default_rng(0)
    for _ in range(40):
        actions = [some_action(env, {"action_mask": infos["action_mask"][row]}, rng) for row, env in enumerate(singles)]
        _, rewards, _, truncated, infos = envs.step(np.array(actions))
        for row, env in enumerate(singles):
            expected = np.zeros(4)
            if not finished[row]:
                expected = env.step(actions[row])[1]
            elif mode is AutoresetMode.NEXT_STEP:
                env.reset()
            np.testing.assert_array_equal(rewards[row], expected)
        finished = truncated
    assert rewards.shape == (3, 4)


def test_resetting_some_rows_begins_their_sums_anew():
    envs = VectorMultiObjective(gym.make_vec(
        BATCHING, num_envs=2, vectorization_mode="vector_entry_point", scenario=small_scenario(),
        autoreset_mode=AutoresetMode.DISABLED,
    ))  # fmt: skip
    requests = workload_at([0.1], latency_requirement_s=10.0)
    envs.reset(seed=0, options={"workloads": [requests, requests]})
    _, first, *_ = envs.step(np.array([0, 6]))
    mask = np.array([True, False])
    envs.reset(options={"workloads": [requests, requests], "reset_mask": mask})
    _, second, *_ = envs.step(np.array([0, 6]))
    np.testing.assert_array_equal(second[0], first[0])
    assert first[0, 3] == 1.0
    np.testing.assert_array_equal(second[1], 0.0)


def test_a_workload_longer_than_any_before_is_taken_in():
    env = MultiObjective(gym.make(BATCHING, scenario=small_scenario()))
    env.reset(seed=0)
    env.reset(options={"workload": workload_at(np.linspace(0.0, 1.9, 2000), prompt_tokens=64)})
    assert env.step(0)[1][3] == 1.0


def test_goes_around_oracle_decoding():
    env = MultiObjective(OracleDecoding(gym.make("EdgeLLM/BatchSelection-v0", scenario=small_scenario())))
    env.reset(seed=0)
    _, reward, _, _, info = env.step(np.ones(6, dtype=np.float32))
    assert reward[0] == info["served"]


def test_what_cannot_be_wrapped_is_refused():
    with pytest.raises(ValueError, match="env = 3: must be an environment of edge_llm_env"):
        MultiObjective(3)
    with pytest.raises(ValueError, match="env = 3: must be a native vector environment of edge_llm_env"):
        VectorMultiObjective(3)
    with pytest.raises(ValueError, match="must be an environment of edge_llm_env"):
        MultiObjective(gym.make("CartPole-v1"))
    with pytest.raises(ValueError, match="must be a native vector environment of edge_llm_env"):
        VectorMultiObjective(gym.make_vec("CartPole-v1", num_envs=1))
    envs = gym.make_vec(BATCHING, num_envs=1, vectorization_mode="vector_entry_point",
                        autoreset_mode=AutoresetMode.SAME_STEP)  # fmt: skip
    with pytest.raises(ValueError, match="autoreset_mode = SAME_STEP: must be NEXT_STEP or DISABLED"):
        VectorMultiObjective(envs)


def test_mo_gymnasiums_wrappers_work_on_it():
    wrappers = pytest.importorskip("mo_gymnasium.wrappers", reason="mo-gymnasium is not installed: make setup")
    make = gym.make(BATCHING, scenario=small_scenario(**ALL_WEIGHTS))
    env = wrappers.MORecordEpisodeStatistics(
        wrappers.LinearReward(MultiObjective(make), np.array([1.0, 0.0, 0.0, 0.0]))
    )
    assert env.reward_dim == 4
    counted = wrappers.MORecordEpisodeStatistics(MultiObjective(gym.make(BATCHING, scenario=small_scenario())))
    rewards, _, info = episode(counted, seed=1)
    np.testing.assert_allclose(info["episode"]["r"], rewards.sum(axis=0), rtol=1e-5)
    scenario = small_scenario(**ALL_WEIGHTS)
    vector, plain = MultiObjective(gym.make(BATCHING, scenario=scenario)), gym.make(BATCHING, scenario=scenario)
    linear = wrappers.LinearReward(vector, vector.own_weights)
    linear.reset(seed=4)
    plain.reset(seed=4)
    for action in (0, 1, 6, 0, 6):
        assert linear.step(action)[1] == pytest.approx(plain.step(action)[1])
    envs = wrappers.vector.MOSyncVectorEnv([
        lambda: MultiObjective(gym.make(BATCHING, scenario=small_scenario())) for _ in range(2)
    ])  # fmt: skip
    envs.reset(seed=0)
    assert envs.step(np.array([0, 6]))[1].shape == (2, 4)


def test_networks_of_nodes_are_refused():
    with pytest.raises(ValueError, match="of one node"):
        MultiObjective(gym.make("EdgeLLM/MultiNode-v0"))
