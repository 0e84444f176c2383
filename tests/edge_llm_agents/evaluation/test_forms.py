"""The one roll-out function plays a policy alike in every form of an environment."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_agents import EdgeVecEnv
from edge_llm_baselines import DFTSP, EpochPolicy
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import roll_out, roll_out_in
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env import draw_workloads, load_scenario
from edge_llm_env.registration import ENVIRONMENTS

SHORT = load_scenario("accuracy-tiers", **{"epoch.episode_epochs": 3, "epoch.visible_slots": 6})


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_single_vector_and_sb3s_form_serve_the_same_on_the_same_workloads(env_id: str) -> None:
    workloads = draw_workloads(SHORT, 3)
    baselines = baselines_of(env_id)
    oracle = baselines.rules[baselines.oracle].acting(0)
    vector = roll_out(oracle, env_id, SHORT, workloads)
    sb3 = EdgeVecEnv(env_id, 3, SHORT)
    behind_sb3 = roll_out_in(sb3, oracle(sb3), workloads)
    single: Any = gym.make(env_id, scenario=SHORT)
    alone = [roll_out_in(single, oracle(single), [workload]) for workload in workloads]
    for name in ("served", "settled", "expired", "beyond_visible", "utilisation"):
        np.testing.assert_array_equal(getattr(vector, name), getattr(behind_sb3, name))
        np.testing.assert_array_equal(getattr(vector, name), np.concatenate([getattr(one, name) for one in alone]))
    assert vector.served.sum() > 0
    assert (vector.epochs, vector.epoch_s) == (alone[0].epochs, alone[0].epoch_s)


def test_after_it_has_been_played_sb3s_form_resets_within_the_step_again() -> None:
    env = EdgeVecEnv("EdgeLLM/BatchSelection-v0", 2, SHORT)
    roll_out_in(env, EpochPolicy(DFTSP(), env), seed=0)
    env.seed(0)
    env.reset()
    nothing = np.zeros((2, 6), dtype=np.int8)
    dones = [env.step(nothing)[2].all() for _ in range(6)]
    assert dones == [False, False, True] * 2


def test_every_step_is_seen_and_a_caller_may_stop() -> None:
    env = gym.make("EdgeLLM/BatchSelection-v0", scenario=SHORT)
    begun = []
    steps = list(play(env, EpochPolicy(DFTSP(), env), seed=0, begun=lambda: begun.append(True)))
    assert begun == [True]
    assert [step.truncated for step in steps] == [False, False, True]
    for step, after in pairwise(steps):
        np.testing.assert_array_equal(step.next_observation, after.observation)
        assert step.next_info["served"] == after.info["served"]
    first = next(play(env, EpochPolicy(DFTSP(), env), seed=0))
    np.testing.assert_array_equal(first.action, steps[0].action)


def test_rows_of_several_scenarios_are_played_but_not_summed() -> None:
    busy = load_scenario(SHORT, **{"workload.arrivals.rate_per_s": 9.0})
    env = EdgeVecEnv("EdgeLLM/BatchSelection-v0", 2, [SHORT, busy])
    policy = EpochPolicy(DFTSP(), env)
    last = list(play(env, policy, seed=0))[-1]
    assert last.next_info["served"].shape == (2,)
    with pytest.raises(ValueError, match="has rows of 2 scenarios"):
        roll_out_in(env, policy, seed=0)


def test_another_kind_of_environment_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must be a gymnasium.Env, a VectorEnv or an EdgeVecEnv"):
        next(play(object(), EpochPolicy(DFTSP(), gym.make("EdgeLLM/BatchSelection-v0", scenario=SHORT))))
