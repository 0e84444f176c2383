"""The VecEnv over the native vector environment behaves as SB3's own over single environments."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3 import PPO, SAC, TD3
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_baselines.allocation.oracle_decoding import VectorOracleDecoding
from edge_llm_env import load_scenario
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.workload.streams import draw_workloads
from tests.support.helpers import steps_for

SHORT = load_scenario("carry-over", **{"epoch.episode_epochs": 4})


OF_SB3 = ("terminal_observation", "episode", "TimeLimit.truncated")


def assert_same_infos(ours: list[dict], theirs: list[dict]) -> None:
    """Nested infos that have the same names and values."""
    for one, other in zip(ours, theirs, strict=True):
        assert one.keys() == other.keys()
        for name, value in other.items():
            if isinstance(value, dict):
                assert_same_infos([one[name]], [value])
            else:
                np.testing.assert_array_equal(one[name], value)


@pytest.mark.parametrize(("wrapper", "said"), [(len, r": object of type .* has no len\(\)"), (id, r", made [0-9]+")])
def test_a_wrapper_that_makes_no_vector_environment_is_refused(wrapper: Any, said: str) -> None:
    with pytest.raises(TypeError, match=rf"^wrapper = <built-in .*>: must make a VectorEnv of one{said}$"):
        EdgeVecEnv("EdgeLLM/BatchSelection-v0", 2, SHORT, wrapper=wrapper)


@pytest.mark.parametrize("scale", [np.nan, np.inf])
def test_a_scale_of_rewards_that_is_not_finite_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match=f"^reward_scale = {scale}: must be finite$"):
        EdgeVecEnv("EdgeLLM/BatchSelection-v0", 2, SHORT, reward_scale=scale)


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_it_steps_exactly_as_sb3s_own_vec_env_over_single_environments(env_id: str) -> None:
    ours = EdgeVecEnv(env_id, 5, SHORT)
    theirs = DummyVecEnv([lambda: Monitor(gym.make(env_id, scenario=SHORT)) for _ in range(5)])
    for env in (ours, theirs):
        env.seed(11)
    np.testing.assert_array_equal(ours.reset(), theirs.reset())
    assert_same_infos(ours.reset_infos, theirs.reset_infos)
    ours.action_space.seed(0)
    episodes = 0
    for _ in range(steps_for(env_id, 150)):
        actions = np.array([ours.action_space.sample() for _ in range(5)])
        seen, rewards, dones, infos = ours.step(actions)
        seen_there, rewards_there, dones_there, infos_there = theirs.step(actions)
        np.testing.assert_array_equal(seen, seen_there)
        np.testing.assert_array_equal(rewards, rewards_there)
        np.testing.assert_array_equal(dones, dones_there)
        for row in np.flatnonzero(dones):
            episodes += 1
            np.testing.assert_array_equal(infos[row]["terminal_observation"], infos_there[row]["terminal_observation"])
            assert_same_infos(
                [{name: value for name, value in one[row].items() if name not in OF_SB3} for one in (infos,)],
                [{name: value for name, value in one[row].items() if name not in OF_SB3} for one in (infos_there,)],
            )
            assert infos[row]["TimeLimit.truncated"] is infos_there[row]["TimeLimit.truncated"] is True
            for key in ("r", "l"):
                assert infos[row]["episode"][key] == pytest.approx(infos_there[row]["episode"][key])
    assert episodes >= 10


def test_options_hold_for_the_next_reset_and_no_other() -> None:
    workloads = draw_workloads(SHORT, 3, seed=5)
    env = EdgeVecEnv("EdgeLLM/BatchSelection-v0", 3, SHORT)
    env.seed(0)
    drawn = env.reset()
    env.set_options([{"workload": one} for one in workloads])
    given = env.reset()
    single = gym.make("EdgeLLM/BatchSelection-v0", scenario=SHORT)
    for row, workload in enumerate(workloads):
        np.testing.assert_array_equal(given[row], single.reset(options={"workload": workload})[0])
    env.seed(0)
    np.testing.assert_array_equal(env.reset(), drawn)
    env.set_options({"wrkload": workloads[0]})
    with pytest.raises(ValueError, match="options = 'wrkload': must be one of workload"):
        env.reset()


def test_what_is_written_into_an_info_shows_nowhere_else() -> None:
    one, other = (EdgeVecEnv("EdgeLLM/BatchSelection-v0", 2, SHORT) for _ in range(2))
    nothing = np.zeros((2, *one.action_space.shape), dtype=np.int8)
    for env in (one, other):
        env.reset()
        env.step_async(nothing)
    infos = one.step_wait()[3]
    infos[0]["mine"] = 1
    assert infos[1] == {}
    assert other.step_wait()[3] == [{}, {}]
    assert one.step(nothing)[3] == [{}, {}]


@pytest.mark.filterwarnings("ignore:The environment is already wrapped with a `Monitor`:UserWarning")  # as it says
def test_sb3_reads_unscaled_returns_and_keys_of_infos_at_the_ends_of_episodes() -> None:
    env = VecMonitor(EdgeVecEnv("EdgeLLM/BatchSelection-v0", 2, SHORT), info_keywords=("served",))
    env.reset()
    everything = np.ones((2, *env.action_space.shape), dtype=np.int8)
    infos = [env.step(everything)[3] for _ in range(4)][-1]
    assert [info["episode"]["served"] for info in infos] == [info["served"] for info in infos]
    scaled = EdgeVecEnv("EdgeLLM/BatchSelection-v0", 2, SHORT, reward_scale=0.01)
    assert scaled.env_is_wrapped(Monitor) == [True, True]
    assert scaled.env_is_wrapped(gym.wrappers.TimeLimit) == [False, False]
    model = PPO("MlpPolicy", scaled, n_steps=2, batch_size=4)
    returns, lengths = evaluate_policy(model, scaled, n_eval_episodes=2, return_episode_rewards=True)
    assert lengths == [4, 4]
    assert all(one == round(one) for one in returns), "a request counts one"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_made_in_the_middle_of_an_episode_goes_on_alike(duplicate: Callable) -> None:
    env = EdgeVecEnv("EdgeLLM/BatchSelection-v0", 3, ["carry-over", SHORT], reward_scale=0.5)
    env.seed(3)
    env.reset()
    rng = np.random.default_rng(0)
    actions = rng.integers(0, 2, (12, 3, *env.action_space.shape), dtype=np.int8)
    for action in actions[:3]:
        env.step(action)
    twin = duplicate(env)
    for action in actions[3:]:
        for ours, theirs in zip(env.step(action)[:3], twin.step(action)[:3], strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_masks_are_one_array_that_sb3_contrib_finds() -> None:
    env = EdgeVecEnv("EdgeLLM/Batching-v0", 3, "carry-over")
    env.seed(0)
    env.reset()
    assert is_masking_supported(env)
    np.testing.assert_array_equal(get_action_masks(env), env.action_masks())
    assert not is_masking_supported(EdgeVecEnv("EdgeLLM/BatchSelection-v0", 3, "carry-over"))


def test_rewards_are_scaled_and_episode_returns_are_not() -> None:
    plain, scaled = (EdgeVecEnv("EdgeLLM/BatchSelection-v0", 2, SHORT, reward_scale=scale) for scale in (1.0, 0.25))
    everything = np.ones((2, SHORT.epoch.visible_slots), dtype=np.int8)
    for env in (plain, scaled):
        env.seed(5)
        env.reset()
    for _ in range(4):
        _, rewards, _, infos = plain.step(everything)
        _, rewards_scaled, _, infos_scaled = scaled.step(everything)
        np.testing.assert_array_equal(rewards_scaled, 0.25 * rewards)
    assert infos[0]["episode"]["r"] == infos_scaled[0]["episode"]["r"] > 0


def test_seeding_twice_gives_the_same_first_observation_and_not_seeding_another() -> None:
    env = EdgeVecEnv("EdgeLLM/Batching-v0", 2, "carry-over")
    env.seed(1)
    first = env.reset()
    unseeded = env.reset()
    env.seed(1)
    np.testing.assert_array_equal(env.reset(), first)
    assert not np.array_equal(unseeded, first)


def test_attributes_and_methods_reach_the_vector_environment() -> None:
    env = EdgeVecEnv("EdgeLLM/Batching-v0", 3, "carry-over")
    assert [scenario.name for scenario in env.get_attr("scenario")] == ["carry-over"] * 3
    env.reset()
    assert len(env.env_method("action_masks", indices=[0, 2])) == 2
    env.set_attr("note", "kept")
    assert env.get_attr("note", indices=1) == ["kept"]
    with pytest.raises(ValueError, match="indices"):
        env.set_attr("note", "x", indices=[0])
    assert env.env_is_wrapped(Monitor, indices=[0, 2]) == [True, True]
    for wrong in ([1, [2, 3]], np.zeros((1, 2), dtype=np.int64), 0.5, "all"):
        with pytest.raises(ValueError, match=r"indices = .*: must be None or rows in 0\.\.") as caught:
            env.get_attr("note", indices=wrong)
        assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:The environment is already wrapped with a `Monitor`:UserWarning")  # as it says
def test_sb3_wrappers_go_around_it() -> None:
    env = VecMonitor(EdgeVecEnv("EdgeLLM/BatchSelection-v0", 2, SHORT))
    env.reset()
    everything = np.ones((2, SHORT.epoch.visible_slots), dtype=np.int8)
    for _ in range(4):
        infos = env.step(everything)[3]
    assert infos[0]["episode"]["l"] == 4


@pytest.mark.parametrize("algorithm", [PPO, SAC, TD3])
def test_sb3_trains_on_oracle_decoding(algorithm: type[PPO | SAC | TD3]) -> None:
    env = EdgeVecEnv("EdgeLLM/BatchSelection-v0", 4, SHORT, wrapper=VectorOracleDecoding)
    settings = {"n_steps": 16, "batch_size": 32} if algorithm is PPO else {"learning_starts": 16, "batch_size": 16}
    model = algorithm("MlpPolicy", env, seed=0, device="cpu", **settings)
    before = [parameter.detach().clone() for parameter in model.policy.parameters()]
    model.learn(96)
    after = list(model.policy.parameters())
    assert any(not torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert all(torch.isfinite(parameter).all() for parameter in after)
    assert len(model.ep_info_buffer) >= 4
    actions, _ = model.predict(env.reset(), deterministic=True)
    assert env.env.action_space.contains(actions)


BUSY = load_scenario("carry-over", **{"epoch.episode_epochs": 4, "workload.arrivals.rate_per_s": 12.0})


@pytest.mark.parametrize("env_id", ["EdgeLLM/Batching-v0", "EdgeLLM/BatchSelection-v0"])
def test_rows_of_several_scenarios_are_those_of_each_alone(env_id: str) -> None:
    both = EdgeVecEnv(env_id, 5, [SHORT, BUSY])
    alone = EdgeVecEnv(env_id, 3, SHORT), EdgeVecEnv(env_id, 2, BUSY)
    both.seed(3)
    for env, first in zip(alone, (3, 6), strict=True):
        env.seed(first)
    np.testing.assert_array_equal(both.reset(), np.concatenate([env.reset() for env in alone]))
    both.action_space.seed(0)
    finished = 0
    for _ in range(60):
        actions = np.array([both.action_space.sample() for _ in range(5)])
        seen, rewards, dones, infos = both.step(actions)
        theirs = [env.step(its) for env, its in zip(alone, (actions[:3], actions[3:]), strict=True)]
        for ours, parts in ((seen, 0), (rewards, 1), (dones, 2)):
            np.testing.assert_array_equal(ours, np.concatenate([one[parts] for one in theirs]))
        there = [*theirs[0][3], *theirs[1][3]]
        for row in np.flatnonzero(dones):
            finished += 1
            np.testing.assert_array_equal(infos[row]["terminal_observation"], there[row]["terminal_observation"])
            assert infos[row]["episode"]["r"] == there[row]["episode"]["r"]
    assert finished >= 5
    assert [one.workload.arrivals.mean_rate_per_s for one in both.get_attr("scenario")] == [5.0] * 3 + [12.0] * 2


def test_training_goes_on_from_the_state_of_several_scenarios() -> None:
    env = EdgeVecEnv("EdgeLLM/BatchSelection-v0", 4, [SHORT, BUSY])
    env.seed(0)
    env.reset()
    everything = np.ones((4, SHORT.epoch.visible_slots), dtype=np.int8)
    env.step(everything)
    state = env.state()
    first = [env.step(everything) for _ in range(5)]
    env.restore(state)
    for before, again in zip(first, [env.step(everything) for _ in range(5)], strict=True):
        for one, other in zip(before[:3], again[:3], strict=True):
            np.testing.assert_array_equal(one, other)


def test_rows_of_one_workload_play_it_without_a_seed_too() -> None:
    env = EdgeVecEnv("EdgeLLM/BatchSelection-v0", 4, "carry-over", rows_per_workload=2)
    seen = env.reset()
    assert np.array_equal(seen[0], seen[1])
    assert np.array_equal(seen[2], seen[3])
    assert not np.array_equal(seen[0], seen[2])


def test_options_that_are_set_otherwise_are_named() -> None:
    with pytest.raises(ValueError, match=r"options = \{'scenario': 'bursty'\}: scenario must be left out"):
        EdgeVecEnv("EdgeLLM/BatchSelection-v0", 2, "carry-over", options={"scenario": "bursty"})


@pytest.mark.parametrize("env_id", ["\x00", "CartPole-v1", "EdgeLLM/Batching-v9"])
def test_an_id_that_is_not_of_this_suite_is_named(env_id: str) -> None:
    with pytest.raises(ValueError, match=r"^env_id = .*: must be"):
        EdgeVecEnv(env_id, 1, "carry-over")


def test_scenarios_whose_spaces_differ_are_named() -> None:
    with pytest.raises(ValueError, match="scenarios 'carry-over' and 'carry-over': have another observation space"):
        EdgeVecEnv("EdgeLLM/Batching-v0", 4, ["carry-over", load_scenario(SHORT, **{"epoch.visible_slots": 9})])
    with pytest.raises(ValueError, match="num_envs = 1: must be at least one row for each of 2 scenarios"):
        EdgeVecEnv("EdgeLLM/Batching-v0", 1, [SHORT, BUSY])


def test_it_goes_on_after_close() -> None:
    closed, other = EdgeVecEnv("EdgeLLM/Batching-v0", 2, SHORT), EdgeVecEnv("EdgeLLM/Batching-v0", 2, SHORT)
    for env in (closed, other):
        env.seed(3)
        env.reset()
    closed.close()
    for _ in range(5):
        np.testing.assert_array_equal(closed.step(np.zeros(2, dtype=int))[0], other.step(np.zeros(2, dtype=int))[0])
    np.testing.assert_array_equal(closed.reset(), other.reset())
