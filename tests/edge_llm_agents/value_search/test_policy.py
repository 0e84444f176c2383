"""The policy of values: alike on one row and many, in the wrapped environment and in the evaluation."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.evaluation import evaluate_policy

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.evaluation.playing import evaluate_solver, evaluate_values
from edge_llm_agents.value_search.functions import ValueFunction
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_baselines import DFTSP, LookAhead, OracleDecoding
from edge_llm_baselines.allocation.oracle_decoding import VectorOracleDecoding
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import draw_workloads

SELECTION = "EdgeLLM/BatchSelection-v0"
SCENARIO = load_scenario("carry-over", **{"epoch.episode_epochs": 8})


def policy(discount: float = 0.9) -> ValuePolicy:
    function = ValueFunction()
    return ValuePolicy(function, function.starting_point(discount), SCENARIO)


def test_it_serves_alike_in_the_wrapped_environment_and_in_the_evaluation():
    workloads = draw_workloads(SCENARIO, 4, seed=0)
    served = []
    for workload in workloads:
        env = OracleDecoding(gym.make(SELECTION, scenario=SCENARIO))
        observation, _ = env.reset(options={"workload": workload})
        truncated = False
        while not truncated:
            values, _ = policy().predict(observation)
            assert env.action_space.contains(values)
            observation, _, _, truncated, info = env.step(values)
        served.append(info["served"])
    assert evaluate_values(policy(), SCENARIO, workloads).served.tolist() == served


def test_sb3_evaluates_it_as_its_own_policies():
    env = EdgeVecEnv(SELECTION, 4, SCENARIO, wrapper=VectorOracleDecoding)
    env.seed(0)
    mean, _ = evaluate_policy(policy(), env, n_eval_episodes=4)
    workloads = [gym.make(SELECTION, scenario=SCENARIO) for _ in range(4)]
    served = 0
    for seed, single in enumerate(workloads):
        wrapped = OracleDecoding(single)
        observation, _ = wrapped.reset(seed=seed)
        truncated = False
        while not truncated:
            observation, reward, _, truncated, _ = wrapped.step(policy().predict(observation)[0])
            served += reward
    assert mean == pytest.approx(served / 4)


def test_as_the_look_ahead_rule_it_serves_as_many_but_for_ties():
    """Rounding to float32 may order requests of equal value otherwise; by far most decisions are the same."""
    workloads = draw_workloads(SCENARIO, 20, seed=1)
    rule = evaluate_solver(LookAhead(0.9, SCENARIO.epoch.epoch_s), SCENARIO, workloads).served
    oracle = evaluate_solver(DFTSP(), SCENARIO, workloads).served
    served = evaluate_values(policy(), SCENARIO, workloads).served
    assert served.sum() == pytest.approx(rule.sum(), rel=0.003)
    assert served.sum() > 1.01 * oracle.sum()


def test_state_passes_through_and_one_row_is_a_vector():
    observations = np.zeros((2, gym.make(SELECTION, scenario=SCENARIO).observation_space.shape[0]), dtype=np.float32)
    values, state = policy().predict(observations, state="kept")
    assert state == "kept"
    assert values.shape == (2, 32)
    assert policy().predict(observations[0])[0].shape == (32,)


def test_parameters_and_rows_that_do_not_fit_are_errors():
    function = ValueFunction()
    with pytest.raises(ValueError, match=r"parameters of shape \(3,\): must have \d+ per member"):
        ValuePolicy(function, np.zeros(3), SCENARIO)
    population = ValuePolicy(function, np.zeros((2, function.size)), SCENARIO)
    with pytest.raises(ValueError, match="must have a multiple of 2 rows"):
        population.predict(np.zeros((3, 330), dtype=np.float32))
