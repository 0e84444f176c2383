from __future__ import annotations

import gymnasium as gym
import numpy as np

from edge_llm_env import draw_workload
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import NOT_ARRIVED
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
    assert envs[0].simulation.state.gain.shape[1:] == (500, 1, 7)
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


def test_directions_with_one_gain_are_held_once():
    scenario = small_scenario()
    simulation = Simulation(scenario, rows=2)
    requests = simulation.state.status.shape[1]
    arrays = [array for array in simulation.state if array.shape[:2] == (2, requests)]
    blocks = scenario.fading_blocks
    assert sum(array.nbytes for array in arrays) == 2 * requests * (33 + 8 * blocks)
    gains = np.array([[1e-9], [1e-10]])
    simulation.load(0, workload_at([0.5, 1.0], uplink_gain=gains, downlink_gain=gains.copy()))
    assert simulation.state.gain.shape[2] == 1


def test_row_whose_directions_differ_leaves_the_episodes_of_the_others_alone():
    envs = [
        gym.make_vec(
            "EdgeLLM/Batching-v0", num_envs=2, vectorization_mode="vector_entry_point", scenario=small_scenario()
        )
        for _ in range(2)
    ]
    for env in envs:
        env.reset(seed=0)
        env.step(np.array([0, 0]))
    different = workload_at([0.5, 1.0], uplink_gain=1e-9, downlink_gain=1e-10)
    options = {"reset_mask": np.array([False, True]), "workloads": [None, different]}
    single = gym.make("EdgeLLM/Batching-v0", scenario=small_scenario(radio__reciprocal_fading=False))
    begun = envs[0].reset(options=options)[0], single.reset(options={"workload": different})[0]
    assert envs[0].unwrapped.simulation.state.gain.shape[2] == 2
    assert_same(begun[0][1], begun[1])
    for action in (6, 1, 6, 6, 6):
        grown, untouched, alone = (
            envs[0].step(np.array([action] * 2)),
            envs[1].step(np.array([action] * 2)),
            single.step(action),
        )
        assert_same(grown[0], np.stack([untouched[0][0], alone[0]]))
        assert_same(grown[1], np.array([untouched[1][0], alone[1]]))


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


def test_status_past_the_end_of_a_workload_is_that_of_nobody():
    env = gym.make("EdgeLLM/Batching-v0", scenario=small_scenario(), disable_env_checker=True)
    env.reset(options={"workload": workload_at(np.linspace(0.0, 1.9, 30))})
    for _ in range(4):
        env.step(6)
    state = env.unwrapped.simulation.state
    assert (state.status[0, :30] != NOT_ARRIVED).all()
    env.reset(options={"workload": workload_at([0.5, 1.0])})
    assert (state.status[0, 2:] == NOT_ARRIVED).all()
