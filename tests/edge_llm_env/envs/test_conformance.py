"""What every registered environment must do as a `gymnasium.Env`; the ids come from the registry."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from edge_llm_env import Scenario, ScenarioError, draw_workload
from edge_llm_env.registration import ENVIRONMENTS, EnvironmentEntry, environment, register_environment
from tests.support.helpers import (
    ALL_FORMS,
    ALL_WEIGHTS,
    ENVIRONMENT_IDS,
    assert_same,
    small_scenario,
    some_action,
    workload_at,
)
from tests.support.programs.processes import ROOT, run
from tests.support.trajectories import digest_of_trajectory

TIGHT = {"iterations.classes": [{"name": "all", "ttft_s": 0.2, "tpot_s": 0.05}]}
"""Objectives that an engine of iterations misses now and then."""
SCENARIO = small_scenario(**ALL_WEIGHTS, **TIGHT)

pytestmark = pytest.mark.parametrize("env_id", ALL_FORMS)


def make(env_id: str, scenario: str | Scenario = SCENARIO) -> gym.Env:
    return gym.make(env_id, scenario=scenario, disable_env_checker=True)


def entry_of(env_id: str) -> EnvironmentEntry:
    """What is registered, of a form of the tests' own that of its environment."""
    return environment(env_id if env_id in ENVIRONMENTS else f"EdgeLLM/{env_id.partition('/')[2]}")


def actions_for(env: gym.Env, count: int, seed: int = 0) -> list[Any]:
    env.action_space.seed(seed)
    return [env.action_space.sample() for _ in range(count)]


def play(env: gym.Env, actions: list[Any]) -> list[Any]:
    """Everything that the steps return; a new episode begins where one ends."""
    returned: list[Any] = []
    for action in actions:
        returned.append(env.step(action))
        if returned[-1][2] or returned[-1][3]:
            returned.append(env.reset())
    return returned


# --- the checkers; any warning is an error here


@pytest.mark.parametrize("scenario", ["carry-over", "paper-bloom-3b"])
def test_gymnasium_check_env_has_nothing_to_say(env_id: str, scenario: str):
    check_env(gym.make(env_id, scenario=scenario).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("scenario", ["carry-over", "paper-bloom-3b"])
def test_stable_baselines_check_env_has_nothing_to_say(env_id: str, scenario: str):
    sb3_check_env(gym.make(env_id, scenario=scenario).unwrapped)


def test_continuous_actions_are_symmetric_and_zero_is_one_of_them(env_id: str):
    space = make(env_id).action_space
    if isinstance(space, spaces.Box):
        assert (space.low == -1.0).all()
        assert (space.high == 1.0).all()


def test_passive_checker_has_nothing_to_say(env_id: str):
    env = gym.make(env_id, scenario=SCENARIO)
    assert "PassiveEnvChecker" in str(env)
    env.reset(seed=0)
    play(env, actions_for(env, 30))


# --- making it


def test_id_makes_an_environment_without_any_argument(env_id: str):
    assert gym.make(env_id).unwrapped.scenario.name == entry_of(env_id).default_scenario


def test_environment_made_from_a_file_is_that_of_the_scenario(env_id: str, tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text('extends = "carry-over"\n[epoch]\nvisible_slots = 5\n')
    for given in (path, str(path)):
        assert gym.make(env_id, scenario=given).unwrapped.scenario.epoch.visible_slots == 5


def test_bad_scenario_is_an_error_when_the_environment_is_made(env_id: str):
    with pytest.raises(ScenarioError, match=r"must be one of .*carry-over"):
        gym.make(env_id, scenario="cary-over")


def test_render_mode_that_is_not_offered_is_an_error(env_id: str):
    entry_point = gym.envs.registration.load_env_creator(gym.spec(env_id).entry_point)
    with pytest.raises(ValueError, match=r"render_mode = 'hologram': must be "):
        entry_point(scenario=SCENARIO, render_mode="hologram")


def test_spec_survives_json(env_id: str):
    env = gym.make(env_id, scenario="carry-over")
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert again.spec == env.spec
    assert again.unwrapped.scenario == env.unwrapped.scenario
    assert_same(again.reset(seed=3), env.reset(seed=3))


def test_registering_again_changes_nothing(env_id: str):
    if env_id in ENVIRONMENT_IDS:
        before = gym.spec(env_id)
        register_environment(environment(env_id))
        assert gym.spec(env_id) is before


def test_registry_says_in_a_line_what_the_environment_is_and_what_it_is_for(env_id: str):
    entry = entry_of(env_id)
    assert 10 < len(entry.summary) < 100
    assert entry.question.endswith("?")
    assert "\n" not in entry.summary + entry.question


def test_tiers_are_presets_that_it_can_play_each_with_a_reason(env_id: str):
    tiers = entry_of(env_id).tiers
    assert len({tier.scenario for tier in tiers}) == len(tiers)
    for tier in tiers:
        assert len(tier.because) > 20
        gym.make(env_id, scenario=tier.scenario).reset(seed=0)


# --- an episode


def test_it_goes_on_after_close(env_id: str):
    closed, other = make(env_id), make(env_id)
    closed.close()
    for env in (closed, other):
        env.reset(seed=0)
    actions = actions_for(other, 10)
    assert_same(play(closed, actions[:5]), play(other, actions[:5]))
    closed.close()
    closed.close()
    assert_same(play(closed, actions[5:]), play(other, actions[5:]))
    assert_same(closed.reset(seed=1), other.reset(seed=1))


def test_episode_is_truncated_after_its_epochs_and_never_terminates(env_id: str):
    env = make(env_id)
    _, info = env.reset(seed=0)
    rng = np.random.default_rng(0)
    truncated = False
    while not truncated:
        _, _, terminated, truncated, info = env.step(some_action(env, info, rng))
        assert not terminated
        assert truncated == (info["epochs"] == 4)


def test_observations_lie_in_the_space_and_are_finite(env_id: str):
    for preset in ("carry-over", "paper-opt-13b"):
        env = make(env_id, small_scenario(preset))
        observation, info = env.reset(seed=1)
        rng = np.random.default_rng(1)
        for _ in range(100):
            assert env.observation_space.contains(observation)
            assert np.isfinite(observation).all()
            observation, _, _, truncated, info = env.step(some_action(env, info, rng))
            if truncated:
                observation, info = env.reset()


def test_observation_of_the_most_extreme_workload_lies_in_the_space(env_id: str):
    extreme = workload_at(
        [0.0, 0.0, 1.9, 2.0, 2.0, 5.0],
        prompt_tokens=[1, 10**6, 2048, 1, 1, 1],
        output_tokens=[1, 1, 4096, 10**6, 1, 1],
        latency_requirement_s=[1e9, 1e9, 1e9, 1e9, 1e-9, 50.0],
        accuracy_requirement=[0.0, 1.0, 0.0, 0.0, 1.0, 0.0],
        uplink_gain=[0.0, 1.0, 1e-9, 1e-30, 1e30, 1e-14],
        downlink_gain=[1e-9, 1.0, 0.0, 1e-30, 1e30, 1e-14],
    )
    env = make(env_id)
    observation, _ = env.reset(options={"workload": extreme})
    for action in actions_for(env, 20):
        assert env.observation_space.contains(observation)
        observation, reward, *_ = env.step(action)
        assert np.isfinite(reward)


def test_reward_terms_sum_to_the_reward(env_id: str):
    env = make(env_id)
    _, info = env.reset(seed=2)
    rng = np.random.default_rng(2)
    seen = dict.fromkeys(info["reward_terms"], 0.0)
    assert info["reward_terms"].keys() == {"served", "tokens", "energy", "expired"}
    for _ in range(150):
        _, reward, _, truncated, info = env.step(some_action(env, info, rng))
        assert type(reward) is float
        assert sum(info["reward_terms"].values()) == pytest.approx(reward, rel=1e-12)
        seen = {name: seen[name] + term for name, term in info["reward_terms"].items()}
        if truncated:
            _, info = env.reset()
    assert all(total != 0 for total in seen.values())


def test_reward_terms_are_the_weights_times_what_happened(env_id: str):
    env = make(env_id)
    _, info = env.reset(seed=4)
    expired_at_reset = info["expired"]
    rng = np.random.default_rng(4)
    totals = dict.fromkeys(info["reward_terms"], 0.0)
    energy_j, truncated = 0.0, False
    while not truncated:
        epoch = info["epochs"]
        _, _, _, truncated, info = env.step(some_action(env, info, rng))
        totals = {name: totals[name] + term for name, term in info["reward_terms"].items()}
        if info["epochs"] > epoch:
            energy_j += info["utilisation"]["compute"] * 1.5 * 20 * 15.0  # 1.5 s of 20 modules of 15 W
    assert totals["served"] == pytest.approx(info["served"])
    assert totals["expired"] == pytest.approx(-0.7 * (info["expired"] - expired_at_reset))
    assert totals["energy"] == pytest.approx(-0.003 * info["energy_j"])
    if entry_of(env_id).counts_epochs:
        assert info["energy_j"] == pytest.approx(energy_j)
    assert totals["tokens"] > 0


def test_info_has_counters_utilisation_and_reward_terms(env_id: str):
    env = make(env_id)
    _, info = env.reset(seed=0)
    assert info.keys() >= {"arrived", "served", "expired", "rejected", "pending", "beyond_visible", "epochs"}
    assert info["utilisation"].keys() == {"uplink", "downlink", "memory", "compute"}
    assert info.keys() == env.step(actions_for(env, 1)[0])[-1].keys()


# --- seeds


def test_same_seed_twice_gives_the_same_trajectory(env_id: str):
    one, other = make(env_id), make(env_id)
    actions = actions_for(one, 40)
    assert_same((one.reset(seed=7), play(one, actions)), (other.reset(seed=7), play(other, actions)))


def test_reset_with_a_seed_forgets_everything_before_it(env_id: str):
    env, fresh = make(env_id), make(env_id)
    actions = actions_for(env, 25)
    env.reset(seed=1)
    play(env, actions)
    assert_same((env.reset(seed=7), play(env, actions)), (fresh.reset(seed=7), play(fresh, actions)))


def test_other_seeds_give_other_episodes(env_id: str):
    env = make(env_id)
    assert not np.array_equal(env.reset(seed=7)[0], env.reset(seed=8)[0])


def test_reset_without_a_seed_goes_on_with_the_generator(env_id: str):
    env, other = make(env_id), make(env_id)
    first, second = env.reset(seed=7)[0], env.reset()[0]
    assert not np.array_equal(first, second)
    other.reset(seed=7)
    assert_same(other.reset()[0], second)


def test_episode_is_that_of_the_workload_that_the_seed_draws(env_id: str):
    env, other = make(env_id), make(env_id)
    workload = draw_workload(SCENARIO, gym.utils.seeding.np_random(7)[0])
    actions = actions_for(env, 3)
    assert_same(
        (env.reset(seed=7), [env.step(action) for action in actions]),
        (other.reset(options={"workload": workload}), [other.step(action) for action in actions]),
    )


def test_replaying_a_workload_draws_nothing_from_the_generator(env_id: str):
    env, other = make(env_id), make(env_id)
    env.reset(seed=7)
    other.reset(seed=7)
    env.reset(options={"workload": workload_at([1.0])})
    assert_same(env.reset(), other.reset())


@pytest.mark.parametrize("given", [{"arrival_s": [1.0]}, [1.0], "workload.npz"])
def test_workload_option_that_is_no_workload_is_an_error(env_id: str, given: Any):
    with pytest.raises(TypeError, match=r"options\['workload'\] = .*: must be a Workload"):
        make(env_id).reset(options={"workload": given})


def test_workload_option_that_is_not_valid_is_an_error(env_id: str):
    broken = workload_at([1.0])
    broken.arrival_s[0] = np.nan
    with pytest.raises(ValueError, match=r"options\['workload'\]: workload arrival_s: every value must be finite"):
        make(env_id).reset(options={"workload": broken})


SEED, STEPS = 11, 60


def digests_of_a_fresh_process(**environment: str) -> dict[str, str]:
    done = run("-m", "tests.support.trajectories", str(SEED), str(STEPS), cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def fresh_process() -> dict[str, str]:
    return digests_of_a_fresh_process()


@pytest.fixture(scope="module")
def process_without_compiler() -> dict[str, str]:
    return digests_of_a_fresh_process(NUMBA_DISABLE_JIT="1")


def test_same_seed_in_a_fresh_process_gives_the_same_trajectory(env_id: str, fresh_process: dict[str, str]):
    assert fresh_process[env_id] == digest_of_trajectory(env_id, SEED, STEPS)


def test_trajectory_without_the_compiler_is_the_same(env_id: str, process_without_compiler: dict[str, str]):
    assert process_without_compiler[env_id] == digest_of_trajectory(env_id, SEED, STEPS)


# --- copies and aliases


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_copy_made_in_the_middle_of_an_episode_goes_on_alike(env_id: str, duplicate: Any):
    env = make(env_id).unwrapped
    actions = actions_for(env, 30)
    env.reset(seed=5)
    play(env, actions[:3])
    twin = duplicate(env)
    assert_same(play(twin, actions[3:]), play(env, actions[3:]))


def test_copy_does_not_share_state(env_id: str):
    env = make(env_id).unwrapped
    actions = actions_for(env, 30)
    env.reset(seed=5)
    play(env, actions[:3])
    twin, expected = pickle.loads(pickle.dumps(env)), pickle.loads(pickle.dumps(env))
    play(env, actions[:20])
    assert_same(play(twin, actions), play(expected, actions))


def scribble(result: Any) -> None:
    """Overwrite every array of a nested result."""
    if isinstance(result, dict):
        for value in result.values():
            scribble(value)
        result.clear()
    elif isinstance(result, tuple | list):
        for value in result:
            scribble(value)
    elif isinstance(result, np.ndarray):
        result[...] = 1


def test_what_is_returned_can_be_overwritten_without_harm(env_id: str):
    env, untouched = make(env_id), make(env_id)
    actions = actions_for(env, 25)
    scribble(env.reset(seed=6))
    untouched.reset(seed=6)
    for action in actions:
        mine, theirs = env.step(action), untouched.step(action)
        assert_same(mine, theirs)
        scribble(mine)
        if theirs[3]:
            assert_same(mine := env.reset(), untouched.reset())
            scribble(mine)


def test_what_was_returned_does_not_change_later(env_id: str):
    env = make(env_id)
    env.reset(seed=6)
    returned = play(env, actions_for(env, 10))
    as_it_was = copy.deepcopy(returned)
    play(env, actions_for(env, 10, seed=1))
    assert_same(returned, as_it_was)


# --- actions that are none


def actions_outside(space: spaces.Space) -> list[Any]:
    """What is not in an action space: too large, too small, not a number, of another shape, no number at all."""
    if isinstance(space, spaces.Discrete):
        return [int(space.n), -1, 0.5, np.nan, np.array([0, 1]), "0", None]
    inside = space.sample().astype(float)
    return [inside * 0 + 2, inside * 0 - 2, inside * np.nan, inside[:-1], np.append(inside, 0), 1.0, None]


def test_action_outside_the_space_is_an_error_that_says_what_is_accepted(env_id: str):
    env = make(env_id)
    env.reset(seed=0)
    for action in actions_outside(env.action_space):
        with pytest.raises(ValueError, match=r"action.*must "):
            env.step(action)


def test_refused_action_changes_nothing(env_id: str):
    env, untouched = make(env_id), make(env_id)
    env.reset(seed=0)
    untouched.reset(seed=0)
    for action in actions_outside(env.action_space):
        with pytest.raises(ValueError, match="must"):
            env.step(action)
    actions = actions_for(env, 10)
    assert_same(play(env, actions), play(untouched, actions))


def test_types_of_an_action_make_no_difference(env_id: str):
    """Nor do they make the kernel compile again."""
    env, other = make(env_id), make(env_id)
    whole = isinstance(env.action_space, spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary)
    same = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint32) if whole else (np.float32, np.float64)
    env.reset(seed=0)
    kernel = env.unwrapped.mechanism.step_row
    action = actions_for(env, 1)[0]
    expected = env.step(action)
    compiled = len(getattr(kernel, "signatures", ()))
    for dtype in same:
        other.reset(seed=0)
        assert_same(other.step(np.asarray(action, dtype=dtype)[()]), expected)
    assert len(getattr(kernel, "signatures", ())) == compiled


def test_an_option_that_a_reset_does_not_know_is_an_error(env_id: str):
    with pytest.raises(
        ValueError, match=r"options = 'workloads': must be one of workload \(did you mean 'workload'\?\)"
    ):
        make(env_id).reset(options={"workloads": []})


def test_an_option_that_a_vector_reset_does_not_know_is_an_error(env_id: str):
    env = gym.make_vec(env_id, num_envs=2, vectorization_mode="vector_entry_point", scenario=SCENARIO)
    with pytest.raises(ValueError, match=r"options = 'workload': must be one of reset_mask, workloads"):
        env.reset(options={"workload": None})
