"""Orders of calls: each is what it says, the batch that it makes is served, and completed tasks are what is counted."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines import hindsight_bounds
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.batches import OF_BATCHES
from edge_llm_baselines.tasks.orders import expected_calls_left, expected_slack_per_call, remaining_tokens
from edge_llm_baselines.tasks.policy import CallsInOrder
from edge_llm_env import ScenarioError, draw_workloads
from edge_llm_env.envs.suite import BATCH_SELECTION
from tests.support.helpers import small_scenario
from tests.support.tasks import small_tasks

SCENARIO = small_tasks()
RULES = ("fewest-calls", "slack-per-call", "shortest-remaining")


def test_orders_are_what_they_say() -> None:
    env = gym.make(BATCH_SELECTION, scenario=SCENARIO, disable_env_checker=True)
    (workload,) = draw_workloads(SCENARIO, 1, seed=2)
    env.reset(options={"workload": workload})
    simulation, served = env.unwrapped.simulation, set()
    left = SCENARIO.workload.tasks.expected_calls_left()
    compared = 0
    for _ in range(SCENARIO.epoch.episode_epochs - 1):
        state = simulation.state
        visible = state.slot_request[0, : state.visible[0]].tolist()
        mine = [np.flatnonzero(workload.task == workload.task[call]).tolist() for call in visible]
        done = [sum(other in served for other in calls) for calls in mine]
        means = [left[workload.task_kind[call], count] for call, count in zip(visible, done, strict=True)]
        assert expected_calls_left(simulation, 0).tolist() == means
        slack_s = state.slot_slack_s[0, : len(visible)]
        assert expected_slack_per_call(simulation, 0).tolist() == (slack_s / np.array(means)).tolist()
        for at, calls in enumerate(mine):
            open_ = [other for other in calls if other not in served]
            tokens = sum(workload.prompt_tokens[other] + workload.output_tokens[other] for other in open_)
            assert remaining_tokens(simulation, 0)[at] == tokens
            compared += 1
        env.step(np.ones(simulation.slots, dtype=np.int8))
        served = set(np.flatnonzero(simulation.state.status[0, : workload.requests] == 2).tolist())
    assert compared > 30


@pytest.mark.parametrize("key", RULES)
def test_a_rule_is_played_and_counts_tasks(key: str) -> None:
    rule, workloads = OF_BATCHES.rules[key], draw_workloads(SCENARIO, 3)
    assert rule.plays(SCENARIO)
    assert not rule.plays(small_scenario())
    found = roll_out(rule.acting(0), BATCH_SELECTION, SCENARIO, workloads)
    tasks = [len(np.unique(workload.task)) for workload in workloads]
    assert (found.served + found.expired <= np.array(tasks)).all()
    assert (found.served > 0).all()


def test_an_environment_without_tasks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"workload\.tasks"):
        CallsInOrder(expected_calls_left, gym.make(BATCH_SELECTION, scenario=small_scenario()))


def test_hindsight_of_requests_is_none_of_tasks() -> None:
    with pytest.raises(ScenarioError, match=r"workload\.tasks: must be left out here"):
        hindsight_bounds(SCENARIO, draw_workloads(SCENARIO, 1))
