"""Values of requests and logits of modules, behind the exact levels."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines.levels.decoding import LevelDecoding, VectorLevelDecoding
from edge_llm_baselines.levels.earning import earned_by_levels
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_baselines.registry.levels import OF_LEVELS
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.envs.suite import BATCH_SELECTION, SERVICE_LEVEL

EPOCHS = 4
SCENARIO = load_scenario("service-levels", **{"epoch.episode_epochs": EPOCHS, "epoch.visible_slots": 8})
WORKLOADS = draw_workloads(SCENARIO, 3, 0)
LENGTH = 8 + 5


@pytest.mark.parametrize("preset", ["service-levels", "specialists"])
def test_zero_earns_what_the_best_rule_without_a_number_does(preset: str):
    scenario = load_scenario(preset, **{"epoch.episode_epochs": EPOCHS, "epoch.visible_slots": 8})
    workloads = draw_workloads(scenario, 3, 0)
    env = VectorLevelDecoding(vector_of(SERVICE_LEVEL, scenario, workloads))
    env.reset(options={"workloads": workloads})
    assert (env.single_action_space.low == -1.0).all()
    reward = np.zeros(3)
    for _ in range(EPOCHS):
        reward += env.step(np.zeros(env.action_space.shape, dtype=np.float32))[1]
    env.close()
    of_rules = {
        key: earned_by_levels(OF_LEVELS.rules[key].acting(0), scenario, workloads).reward
        for key in ("best-levels", "cheapest", "best", "per-second")
    }
    np.testing.assert_array_equal(reward, of_rules["best-levels"])
    assert reward.sum() >= max(one.sum() for one in of_rules.values())


def test_rows_do_what_single_environments_do():
    many = VectorLevelDecoding(vector_of(SERVICE_LEVEL, SCENARIO, WORKLOADS))
    many.reset(options={"workloads": WORKLOADS})
    singles = [LevelDecoding(gym.make(SERVICE_LEVEL, scenario=SCENARIO)) for _ in WORKLOADS]
    for env, workload in zip(singles, WORKLOADS, strict=True):
        env.reset(options={"workload": workload})
    rng = np.random.default_rng(0)
    for _ in range(EPOCHS):
        actions = rng.uniform(-1.0, 1.0, (3, LENGTH)).astype(np.float32)
        observations, rewards, *_ = many.step(actions)
        for row, env in enumerate(singles):
            observation, reward, *_ = env.step(actions[row])
            np.testing.assert_array_equal(observations[row], observation)
            assert rewards[row] == reward
    many.close()


def test_who_is_not_wanted_is_left_out_and_logits_move_the_modules():
    env = LevelDecoding(gym.make(SERVICE_LEVEL, scenario=SCENARIO))
    env.reset(options={"workload": WORKLOADS[0]})
    action = np.full(LENGTH, -1.0, dtype=np.float32)
    action[8 + 2] = 1.0
    *_, info = env.step(action)
    assert info["served"] == 0
    assert env.unwrapped.simulation.state.module_variant[0].tolist() == [2, 2, 2]
    stays = np.full(LENGTH, -1.0, dtype=np.float32)  # nobody wants a module
    env.step(stays)
    assert env.unwrapped.simulation.state.module_variant[0].tolist() == [2, 2, 2]


def test_a_search_that_stops_says_so_and_what_no_levels_exceed():
    whole, stopped = (VectorLevelDecoding(vector_of(SERVICE_LEVEL, SCENARIO, WORKLOADS), limit) for limit in (10**6, 1))
    for env in (whole, stopped):
        env.reset(options={"workloads": WORKLOADS})
        assert env.found == ()
    actions = np.zeros(whole.action_space.shape, dtype=np.float32)
    for env in (whole, stopped):
        env.step(actions)
    for best, some in zip(whole.found, stopped.found, strict=True):
        assert best is not None
        assert some is not None
        assert best.optimal
        assert not some.optimal
        assert some.value < best.value <= some.upper_bound
    single = LevelDecoding(gym.make(SERVICE_LEVEL, scenario=SCENARIO), node_limit=1)
    single.reset(options={"workload": WORKLOADS[0]})
    assert single.found is None
    single.step(actions[0])
    assert single.found is not None
    assert not single.found.optimal
    with pytest.raises(ValueError, match="node_limit = 0: must be at least 1"):
        LevelDecoding(gym.make(SERVICE_LEVEL, scenario=SCENARIO), node_limit=0)


def test_what_is_no_action_or_no_environment_is_refused():
    env = LevelDecoding(gym.make(SERVICE_LEVEL, scenario=SCENARIO))
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"every entry must be in -1\.\.1"):
        env.step(np.full(LENGTH, 1.5, dtype=np.float32))
    other = gym.make(BATCH_SELECTION, scenario="carry-over")
    with pytest.raises(ValueError, match=r"must be EdgeLLM/ServiceLevel-v0"):
        LevelDecoding(other)
    many = gym.make_vec(BATCH_SELECTION, num_envs=2, scenario="carry-over", vectorization_mode="vector_entry_point")
    with pytest.raises(ValueError, match=r"must be the native vector form of EdgeLLM/ServiceLevel-v0"):
        VectorLevelDecoding(many)
