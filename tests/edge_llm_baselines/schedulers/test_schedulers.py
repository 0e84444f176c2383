"""The schedulers play the engine as their sources say."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.schedulers.policy import Scheduler, SchedulerPolicy, tuned_numbers
from edge_llm_baselines.schedulers.suite import CHEAPEST, SCHEDULERS
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING

SHORT = load_scenario("chat-4090", **{"epoch.episode_epochs": 2})
TIGHT = load_scenario("long-context", **{"epoch.episode_epochs": 3, "node.memory_bytes_per_module": 19.5e9})


def numbers_of(scheduler: Scheduler) -> tuple[float, ...]:
    return scheduler.candidates()[-1]


@pytest.mark.parametrize("key", SCHEDULERS)
def test_a_scheduler_only_does_what_is_open_and_comes_to_the_end(key: str) -> None:
    _, scheduler = SCHEDULERS[key]
    for scenario in (SHORT, TIGHT):
        env: Any = gym.make_vec(
            CONTINUOUS_BATCHING, num_envs=2, vectorization_mode="vector_entry_point", scenario=scenario
        )
        for step in play(env, SchedulerPolicy(scheduler, numbers_of(scheduler), env), seed=0):
            running = ~np.asarray(step.info["epochs"] >= scenario.epoch.episode_epochs)
            mask = step.info["action_mask"]
            assert mask[np.arange(2), step.action][running].all()
        assert (step.next_info["invalid_actions"] == 0).all()
        assert (step.next_info["completed"] > 0).all()


def test_static_batching_admits_nobody_to_a_batch_that_has_begun() -> None:
    env: Any = gym.make(CONTINUOUS_BATCHING, scenario=SHORT)
    state = env.unwrapped.simulation.state
    begun = False
    for step in play(env, SchedulerPolicy(SCHEDULERS["static"][1], (), env), seed=1):
        if step.next_info["admitted"] > step.info["admitted"]:
            assert not begun
        running = state.running[0, : step.next_info["running"]]
        begun = bool((state.cached[0, running] > 0).any())


def test_sarathi_keeps_an_iteration_within_its_budget() -> None:
    env: Any = gym.make(CONTINUOUS_BATCHING, scenario=SHORT)
    state = env.unwrapped.simulation.state
    for _ in play(env, SchedulerPolicy(SCHEDULERS["sarathi"][1], (512.0,), env), seed=1):
        assert state.last_tokens[0] <= 512


def test_cheapest_first_serves_more_than_the_engines_in_order_of_arrival() -> None:
    workloads = draw_workloads(SHORT, 4)

    def served(scheduler: Scheduler, numbers: tuple[float, ...]) -> int:
        found = roll_out(lambda env: SchedulerPolicy(scheduler, numbers, env), CONTINUOUS_BATCHING, SHORT, workloads)
        return int(found.served.sum())

    reached = served(CHEAPEST, (4.0, 0.5, 3.0))
    for key in ("sarathi", "vllm", "orca", "static"):
        scheduler = SCHEDULERS[key][1]
        assert reached > 1.5 * max(served(scheduler, numbers) for numbers in scheduler.candidates())


def test_numbers_are_tuned_on_workloads_that_are_the_same_for_equal_seeds() -> None:
    scheduler = SCHEDULERS["sarathi"][1]
    numbers = tuned_numbers(scheduler, SHORT, seed=0)
    assert numbers in scheduler.candidates()
    assert tuned_numbers(scheduler, SHORT, seed=0) == numbers
    assert tuned_numbers(SCHEDULERS["orca"][1], SHORT) == ()


def test_numbers_of_all_rows_and_of_each_are_the_same_policy() -> None:
    workloads = draw_workloads(SHORT, 4)

    def served(numbers: Any) -> list[int]:
        found = roll_out(lambda env: SchedulerPolicy(CHEAPEST, numbers, env), CONTINUOUS_BATCHING, SHORT, workloads)
        return found.served.tolist()

    first, second = (4.0, 0.5, 2.0), (0.2, 1.0, 1.0)
    alone = served(first), served(second)
    assert alone[0] != alone[1]
    assert served(np.array([first, second, first, second])) == [alone[row % 2][row] for row in range(4)]
