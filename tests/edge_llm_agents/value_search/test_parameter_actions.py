"""A value function's parameters as actions: the spaces, what zeros mean, and that SB3 sees the last of an episode."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.evaluation.playing import evaluate_values
from edge_llm_agents.value_search.exploration import explore
from edge_llm_agents.value_search.functions import ValueFunction
from edge_llm_agents.value_search.parameter_actions import (
    QUEUE_FEATURES,
    SPREAD,
    ParameterActions,
    ParameterPolicy,
    queue_features,
)
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_env import load_scenario
from edge_llm_env.envs.observation.features import CONTEXT_FEATURES, slot_feature
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.workload.streams import draw_workloads
from tests.edge_llm_agents.leaderboard.constant import Constant
from tests.support.helpers import observation_length

SCENARIO = load_scenario("carry-over", **{"epoch.episode_epochs": 4})
SIZE = ValueFunction().size


def wrapped(rows: int, **options) -> ParameterActions:
    env = gym.make_vec(
        "EdgeLLM/BatchSelection-v0",
        num_envs=rows,
        vectorization_mode="vector_entry_point",
        scenario=SCENARIO,
        **options,
    )
    return ParameterActions(env, SCENARIO, discount=0.8)


def test_constant_actions_are_the_value_function_with_these_parameters():
    workloads = draw_workloads(SCENARIO, 5, seed=0)
    action = np.random.default_rng(0).uniform(-1, 1, SIZE).astype(np.float32)
    env = wrapped(5, autoreset_mode=AutoresetMode.DISABLED)
    observations, _ = env.reset(options={"workloads": workloads})
    for _ in range(SCENARIO.epoch.episode_epochs):
        assert env.observation_space.contains(observations)
        observations, _, _, _, infos = env.step(np.tile(action, (5, 1)))
    function = ValueFunction()
    policy = ValuePolicy(function, function.starting_point(0.8) + SPREAD * action, SCENARIO)
    expected = evaluate_values(policy, SCENARIO, workloads).served.tolist()
    assert infos["served"].tolist() == expected
    as_trained = ParameterPolicy(Constant(action), SCENARIO, 0.8)
    assert evaluate_values(as_trained, SCENARIO, workloads).served.tolist() == expected


def test_what_is_seen_of_a_queue_by_hand():
    observation = np.zeros((1, observation_length(4)), dtype=np.float32)
    observation[0, [feature.name for feature in CONTEXT_FEATURES].index("visible")] = 0.75
    for slot, (compute, can_wait) in enumerate([(0.2, 1.0), (0.6, 0.0), (0.4, 1.0)]):
        slot_feature(observation, "present")[0, slot] = 1.0
        slot_feature(observation, "compute")[0, slot] = compute
        slot_feature(observation, "can_wait")[0, slot] = can_wait
    # Load 1.2 and 0.6 of it urgent, over 4; two of three can wait.
    np.testing.assert_allclose(queue_features(observation), [[0.75, 0.3, 0.15, 2 / 3]], rtol=1e-6)
    assert len(QUEUE_FEATURES) == 4


def test_sb3_gets_the_last_observation_of_an_episode_in_the_same_form():
    env = EdgeVecEnv("EdgeLLM/BatchSelection-v0", 3, SCENARIO, wrapper=lambda env: ParameterActions(env, SCENARIO, 0.5))
    env.seed(0)
    assert env.reset().shape == (3, len(QUEUE_FEATURES))
    for _ in range(4):
        _, _, done, infos = env.step(np.zeros((3, SIZE), dtype=np.float32))
    assert done.all()
    assert infos[0]["terminal_observation"].shape == (len(QUEUE_FEATURES),)
    assert env.observation_space.contains(infos[0]["terminal_observation"])


def test_every_algorithm_is_trained_for_the_epochs_that_it_says():
    judge = judge_of(BATCH_SELECTION, SCENARIO, episodes=2)
    # A rollout of 4 epochs on 4 rows, and the 16 candidates of ARS's first generation on 4 rows for 4 epochs.
    for algorithm, steps in (("ppo-gsde", 16), ("ars", 256)):
        record = explore(algorithm, judge, steps=10, rows=4, seed=0)
        assert record["epoch_steps"] == steps
        assert record["served"] > 0
