"""RollOut: the same workloads for all, and the figures made of them."""

import numpy as np
import pytest
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.evaluation.playing import evaluate_model, evaluate_solver
from edge_llm_agents.records.intervals import paired_difference
from edge_llm_baselines import DFTSP, EpochPolicy
from edge_llm_baselines.playing.roll_out import RollOut, roll_out
from edge_llm_baselines.rules.heuristics import FirstComeFirstServed
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import draw_workloads

SHORT = load_scenario("carry-over", **{"epoch.episode_epochs": 6})


def test_a_solver_serves_the_same_epoch_by_epoch_and_request_by_request() -> None:
    workloads = draw_workloads(SHORT, 4, seed=0)
    at_once = evaluate_solver(DFTSP(), SHORT, workloads)
    one_by_one = roll_out(lambda env: EpochPolicy(DFTSP(), env), "EdgeLLM/Batching-v0", SHORT, workloads)
    np.testing.assert_array_equal(at_once.served, one_by_one.served)
    np.testing.assert_array_equal(at_once.settled, one_by_one.settled)
    np.testing.assert_allclose(at_once.utilisation, one_by_one.utilisation, rtol=0, atol=1e-12)
    assert (at_once.served > 0).all()


def test_an_evaluation_repeats_exactly() -> None:
    workloads = draw_workloads(SHORT, 3, seed=1)
    model = MaskablePPO("MlpPolicy", EdgeVecEnv("EdgeLLM/Batching-v0", 1, SHORT), seed=0, device="cpu")
    served = [evaluate_model(model, SHORT, workloads).served.tolist() for _ in range(2)]
    assert served[0] == served[1]


def test_a_maskable_model_without_masks_of_its_own_is_given_the_environments() -> None:
    workloads = draw_workloads(SHORT, 4, seed=1)
    vec_env = EdgeVecEnv("EdgeLLM/Batching-v0", 1, SHORT)
    masked = MaskablePPO("MlpPolicy", vec_env, seed=0, device="cpu")
    unmasked = PPO("MlpPolicy", vec_env, seed=0, device="cpu")
    assert (
        evaluate_model(masked, SHORT, workloads).served.sum() > evaluate_model(unmasked, SHORT, workloads).served.sum()
    )


def test_figures_of_an_evaluation_by_hand() -> None:
    evaluation = RollOut(
        served=np.array([30, 50]), settled=np.array([40, 60]), expired=np.array([10, 10]),
        reward=np.array([30.0, 50.0]),
        beyond_visible=np.zeros(2, int), utilisation=np.zeros((2, 4)), epochs=10, epoch_s=2.0, decision_s=1e-4,
    )  # fmt: skip
    np.testing.assert_allclose(evaluation.throughput_per_s, [30 / 20, 50 / 20])
    assert evaluation.on_time == pytest.approx(80 / 100)
    assert evaluation.mean_batch == pytest.approx(80 / 20)


def test_dftsp_serves_more_than_first_come_first_served_by_a_clear_margin() -> None:
    workloads = draw_workloads(SHORT, 10, seed=2)
    oracle = evaluate_solver(DFTSP(), SHORT, workloads)
    simple = evaluate_solver(FirstComeFirstServed(), SHORT, workloads)
    assert paired_difference(simple.throughput_per_s, oracle.throughput_per_s).high < 0
