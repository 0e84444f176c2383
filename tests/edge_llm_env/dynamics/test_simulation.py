from __future__ import annotations

import gymnasium as gym
import numpy as np

from edge_llm_env import draw_workload
from edge_llm_env.dynamics.simulation import Simulation
from tests.support.helpers import assert_same, small_scenario, workload_at


def test_workload_with_far_more_requests_than_the_rate_suggests_is_played_whole():
    env = gym.make("EdgeLLM/Batching-v0", scenario=small_scenario(), disable_env_checker=True)
    env.reset(seed=0)
    capacity = env.unwrapped.simulation.state.status.shape[1]
    crowd = 20 * capacity
    _, info = env.reset(options={"workload": workload_at(np.linspace(0.0, 1.9, crowd))})
    assert info["arrived"] == info["pending"] == crowd
    assert info["beyond_visible"] == crowd - 6


def test_growing_for_one_row_leaves_the_episodes_of_the_others_alone():
    """A request of another row that waits past its last fading block keeps it, with more blocks in the arrays too."""
    envs = [
        gym.make_vec(
            "EdgeLLM/Batching-v0", num_envs=2, vectorization_mode="vector_entry_point", scenario=small_scenario()
        )
        for _ in range(2)
    ]
    patient = workload_at([0.5, 1.0, 3.0], latency_requirement_s=100.0)
    gains = np.full((500, 7), 1e-9)
    crowd = workload_at(np.linspace(0.0, 1.9, 500), uplink_gain=gains, downlink_gain=gains)
    for env in envs:
        env.reset(seed=0, options={"workloads": [patient, None]})
        env.step(np.array([0, 0]))
    envs[0].reset(options={"reset_mask": np.array([False, True]), "workloads": [None, crowd]})
    assert envs[0].simulation.state.uplink_gain.shape[1:] == (500, 7)
    for action in (6, 6, 1, 6, 6):
        grown, untouched = (env.step(np.array([action, action])) for env in envs)
        for mine, theirs in zip(grown[:4], untouched[:4], strict=True):
            assert_same(mine[0], theirs[0])


def test_short_workload_after_a_long_one_shows_nothing_of_it():
    env = gym.make("EdgeLLM/Batching-v0", scenario=small_scenario(), disable_env_checker=True)
    fresh = gym.make("EdgeLLM/Batching-v0", scenario=small_scenario(), disable_env_checker=True)
    env.reset(options={"workload": workload_at(np.linspace(0.0, 9.0, 300), uplink_gain=np.full((300, 9), 1e-13),
                                        downlink_gain=np.full((300, 9), 1e-13))})  # fmt: skip
    for _ in range(4):
        env.step(6)
    short = workload_at([0.5, 2.5], uplink_gain=[[1e-12], [1e-11]], downlink_gain=[[1e-12], [1e-11]])
    assert_same(env.reset(options={"workload": short}), fresh.reset(options={"workload": short}))
    for action in (6, 6, 0, 6):
        assert_same(env.step(action), fresh.step(action))


def test_capacity_suits_the_rate():
    """Growing is for workloads from elsewhere; drawn ones fit."""
    scenario = small_scenario()
    simulation = Simulation(scenario, rows=1)
    capacity = simulation.state.status.shape[1]
    rng = np.random.default_rng(0)
    for _ in range(200):
        simulation.load(0, draw_workload(scenario, rng))
    assert simulation.state.status.shape[1] == capacity


def test_environment_keeps_no_hold_of_the_workload():
    scenario = small_scenario()
    env, other = (gym.make("EdgeLLM/Batching-v0", scenario=scenario, disable_env_checker=True) for _ in range(2))
    kept, scribbled = (draw_workload(scenario, np.random.default_rng(0)) for _ in range(2))
    env.reset(options={"workload": scribbled})
    other.reset(options={"workload": kept})
    scribbled.arrival_s[:] = 0.0
    scribbled.uplink_gain[:] = 0.0
    for action in (0, 6, 1, 6, 6):
        assert_same(env.step(action), other.step(action))


def test_environment_leaves_the_workload_as_it_was():
    scenario = small_scenario()
    env = gym.make("EdgeLLM/Batching-v0", scenario=scenario, disable_env_checker=True)
    workload, twin = (draw_workload(scenario, np.random.default_rng(0)) for _ in range(2))
    env.reset(options={"workload": workload})
    for action in (0, 1, 6, 0, 6, 6, 6):
        env.step(action)
    assert_same(vars(workload), vars(twin))
