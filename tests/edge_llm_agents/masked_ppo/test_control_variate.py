"""Rewards against DFTSP on the same workloads, and rows that share workloads."""

import numpy as np
import pytest

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.evaluation.playing import evaluate_solver
from edge_llm_agents.masked_ppo.control_variate import AgainstDFTSP, dftsp_rewards
from edge_llm_baselines import DFTSP, EpochPolicy
from edge_llm_env import load_scenario
from edge_llm_env.workload.generator import draw_workload

SHORT = load_scenario("carry-over", **{"epoch.episode_epochs": 5})


def test_a_row_that_does_as_dftsp_does_earns_nothing_in_the_first_epoch_of_any_episode() -> None:
    """Later ones may differ: between largest batches ties may fall otherwise, and leave other requests behind."""
    env = EdgeVecEnv("EdgeLLM/Batching-v0", 6, SHORT, wrapper=AgainstDFTSP)
    env.seed(3)
    seen = env.reset()
    policy = EpochPolicy(DFTSP(), env)
    earned, dispatched = np.zeros(6), np.zeros(6)
    first_epochs = []
    for _ in range(120):
        actions, _ = policy.predict(seen)
        seen, rewards, _, _ = env.step(actions)
        earned += rewards
        ended = actions == env.action_space.n - 1  # type: ignore[attr-defined]
        first_epochs += earned[ended & (dispatched % 5 == 0)].tolist()
        dispatched += ended
        earned[ended] = 0.0
    assert len(first_epochs) > 12
    assert first_epochs == [0.0] * len(first_epochs)


def test_what_is_taken_off_is_what_dftsp_serves_on_the_workloads_of_the_rows() -> None:
    env = EdgeVecEnv("EdgeLLM/Batching-v0", 3, SHORT, wrapper=AgainstDFTSP)
    env.seed(7)
    env.reset()
    workloads = [
        draw_workload(SHORT, np.random.Generator(np.random.PCG64(np.random.SeedSequence(7 + row)))) for row in range(3)
    ]
    served = evaluate_solver(DFTSP(), SHORT, workloads).served
    by_epoch = dftsp_rewards(env.simulation, np.arange(3))
    assert by_epoch.shape == (3, 5)
    assert np.abs(by_epoch.sum(axis=1) - served).max() <= 1  # ties
    assert by_epoch[:, 0].min() > 0


def test_a_run_that_goes_on_from_a_state_earns_the_same() -> None:
    first = EdgeVecEnv("EdgeLLM/Batching-v0", 3, SHORT, wrapper=AgainstDFTSP)
    first.seed(1)
    first.reset()
    for _ in range(20):
        first.step(first.action_masks().argmax(axis=1))
    other = EdgeVecEnv("EdgeLLM/Batching-v0", 3, SHORT, wrapper=AgainstDFTSP)
    other.reset()
    other.restore(first.state())
    for _ in range(60):
        actions = first.action_masks().argmax(axis=1)
        np.testing.assert_array_equal(first.step(actions)[1], other.step(actions)[1])


def test_rows_of_a_workload_play_the_same_workloads_episode_after_episode() -> None:
    env = EdgeVecEnv("EdgeLLM/Batching-v0", 6, SHORT, rows_per_workload=3)
    assert env.seed(5) == [5, 5, 5, 6, 6, 6]
    env.reset()
    for _ in range(150):
        arrivals = env.simulation.state.arrival_s[:, 0]
        assert arrivals[0] == arrivals[1] == arrivals[2] != arrivals[3] == arrivals[4] == arrivals[5]
        env.step(env.action_masks().argmax(axis=1))
    with pytest.raises(ValueError, match="rows_per_workload = 4: must be at least 1 and divide the rows"):
        EdgeVecEnv("EdgeLLM/Batching-v0", 6, SHORT, rows_per_workload=4)
