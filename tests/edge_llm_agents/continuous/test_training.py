"""SB3 on the continuous environments, in a hundred steps each."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_agents.continuous import training
from edge_llm_agents.continuous.tasks import TASKS
from edge_llm_agents.continuous.training import train_continuous
from edge_llm_agents.evaluation.playing import evaluate_solver
from edge_llm_agents.training.models import CONTINUOUS, ROWS, training_env
from edge_llm_baselines import DFTSP
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import draw_workloads
from tests.support.clock import Clock


@pytest.fixture
def seconds_of_steps(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock on which a step of training takes a second."""
    return Clock.in_module(training, monkeypatch, step_s=1.0)


@pytest.mark.parametrize("algorithm", CONTINUOUS)
@pytest.mark.parametrize("task", TASKS)
def test_every_algorithm_trains_on_every_task(task: str, algorithm: str, seconds_of_steps: Clock):
    record = train_continuous(task, algorithm, seconds=109.5, episodes=2)
    assert record["steps"] == 110 * ROWS, "the first look that finds 109.5 s over; learning starts after 100"
    assert {"random", "equal", algorithm} <= record["served_per_episode"].keys()
    assert all(served >= 0 for served in record["served_per_episode"].values())
    assert record["above"].keys() == record["served_per_episode"].keys() - {algorithm}


@pytest.mark.parametrize(("task", "algorithm"), [("joint", "ppo"), ("bandwidth", "sac"), ("compute", "td3")])
def test_set_networks_train_on_tasks_with_and_without_variants(task: str, algorithm: str, seconds_of_steps: Clock):
    record = train_continuous(task, algorithm, "set", seconds=109.5, episodes=2)
    assert record["network"] == "set"
    assert record["steps"] == 110 * ROWS


@pytest.mark.parametrize("task", TASKS)
def test_actions_of_training_are_symmetric_and_zero_serves_somebody(task: str):
    env = training_env(TASKS[task].env_id, load_scenario(TASKS[task].scenario))
    assert (env.action_space.low == -1.0).all()
    assert (env.action_space.high == 1.0).all()
    env.reset()
    for action in (-1.0, 0.0, 1.0):
        _, rewards, _, _ = env.step(np.full((env.num_envs, *env.action_space.shape), action, dtype=np.float32))
        assert action != 0.0 or rewards.sum() > 0.0


def test_equal_values_of_oracle_decoding_are_dftsp():
    task = TASKS["decoding"]
    scenario = load_scenario(task.scenario, **{"epoch.episode_epochs": 1})  # beyond the first, ties lead apart
    workloads = draw_workloads(scenario, 20, 0)
    equal = roll_out(lambda env: task.rule("equal", env), task.env_id, scenario, workloads)
    assert equal.served.tolist() == evaluate_solver(DFTSP(), scenario, workloads).served.tolist()


def test_unknown_names_are_errors_that_list_the_known_ones():
    with pytest.raises(ValueError, match="task = 'bandwith': must be one of bandwidth, compute"):
        train_continuous("bandwith", "ppo", seconds=1.0, episodes=2)
    with pytest.raises(ValueError, match="algorithm = 'dqn': must be one of ppo, sac, td3"):
        train_continuous("bandwidth", "dqn", seconds=1.0, episodes=2)
    with pytest.raises(ValueError, match="network = 'cnn': must be one of mlp, set"):
        train_continuous("bandwidth", "ppo", "cnn", seconds=1.0, episodes=2)
    with pytest.raises(ValueError, match="seconds = 0"):
        train_continuous("bandwidth", "ppo", seconds=0, episodes=2)
