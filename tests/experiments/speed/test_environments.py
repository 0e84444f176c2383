"""Speeds of environments are measured by turns, and a step's phases make up all of it."""

from __future__ import annotations

import pytest

from edge_llm_env import load_scenario
from experiments.speed.iterations import scheduled_single_turn, scheduled_vector_turn, simulated_tokens_per_s
from experiments.speed.step_profile import KERNEL_PHASES, step_profile
from experiments.speed.turns import cartpole_single_turn, cartpole_vector_turn, single_turn, steps_per_s, vector_turn
from tests.support.helpers import small_scenario

ENV = "EdgeLLM/Batching-v0"


def test_turns_alternate():
    taken: list[str] = []
    speeds = steps_per_s([lambda: taken.append("one") or 3, lambda: taken.append("other") or 5], 0.01)
    assert len(speeds) == 2
    assert all(speed > 0 for speed in speeds)
    assert taken == sorted(taken, key=["one", "other"].index)


def test_a_turn_is_so_many_steps():
    scenario = small_scenario()
    assert vector_turn(ENV, scenario, 4)() == 40
    assert single_turn(ENV, scenario)() == 500
    assert cartpole_vector_turn(4)() == 400
    assert cartpole_single_turn()() == 500


def test_an_engine_is_timed_under_a_scheduler():
    scenario = load_scenario("chat-4090", **{"epoch.epoch_s": 5.0, "epoch.episode_epochs": 2})
    assert scheduled_vector_turn(scenario, 4)() == 40
    assert scheduled_single_turn(scenario)() == 500
    assert simulated_tokens_per_s(scenario, 4) > 0


def test_phases_of_a_step_make_up_all_of_it():
    profile = step_profile(ENV, small_scenario(), rows=4, steps=40)
    phases = profile["microseconds"]
    assert list(phases) == [*KERNEL_PHASES, "checking", "infos", "rest"]
    assert all(taken > 0 for taken in phases.values())
    compiled = sum(phases[phase] for phase in KERNEL_PHASES) / sum(phases.values())
    assert profile["compiled_fraction"] == pytest.approx(compiled, abs=0.01)
