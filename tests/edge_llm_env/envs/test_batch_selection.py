from __future__ import annotations

import copy
from itertools import product

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from edge_llm_env import Scenario, draw_workload
from tests.edge_llm_env.envs.test_batching import TIGHT, Q, tight_scenario
from tests.references.plain_simulator import ReferenceSimulator
from tests.support.helpers import assert_same, small_scenario, workload_at


def make(scenario: Scenario) -> gym.Env:
    return gym.make("EdgeLLM/BatchSelection-v0", scenario=scenario, disable_env_checker=True).unwrapped


def test_action_space_is_a_subset_of_the_slots():
    env = gym.make("EdgeLLM/BatchSelection-v0", scenario="carry-over")
    assert env.action_space == spaces.MultiBinary(32)


@pytest.mark.parametrize("resource", TIGHT)
def test_every_selection_is_served_as_far_as_it_fits(resource: str):
    """All 2^Q selections of every epoch: what fits is served whole, and of the rest the first slots that fit."""
    scenario = tight_scenario(resource)
    rng = np.random.default_rng(2)
    workload = draw_workload(scenario, rng)
    env, reference = make(scenario), ReferenceSimulator(scenario, workload)
    env.reset(options={"workload": workload})
    whole, cut_short = 0, 0
    while not reference.truncated:
        before = env.simulation.counters(0)
        for chosen in product((0, 1), repeat=Q):
            batch = [reference.visible[slot] for slot in range(len(reference.visible)) if chosen[slot]]
            if reference.node.can_serve(batch, reference.start_s) if batch else True:
                fitting = batch
                whole += len(batch) > 1
            else:
                fitting = []
                for request in batch:
                    if reference.node.can_serve([*fitting, request], reference.start_s):
                        fitting.append(request)
                cut_short += len(fitting) > 0
            tried = copy.deepcopy(env)
            *_, info = tried.step(np.array(chosen, dtype=np.int8))
            status = tried.simulation.state.status[0]
            newly_served = np.flatnonzero((status == 2) & (env.simulation.state.status[0] != 2))
            assert newly_served.tolist() == [request.index for request in fitting]
            assert info["served"] == before["served"] + len(fitting)
            assert info["not_admitted"] == len(batch) - len(fitting)
            assert info["epochs"] == before["epochs"] + 1
        action = rng.integers(0, 2, Q)
        env.step(action)
        reference.step_batch_selection(action.tolist())
    assert whole > 0
    assert cut_short > 0


def test_what_does_not_fit_stays_pending_and_is_counted_in_that_step_only():
    env = make(small_scenario(**{"radio.uplink_bandwidth_hz": 20e3}))
    env.reset(options={"workload": workload_at([1.0, 1.1], prompt_tokens=512, uplink_gain=1e-14)})
    *_, info = env.step(np.array([1, 1, 0, 0, 0, 0]))
    assert (info["served"], info["pending"], info["not_admitted"]) == (1, 1, 1)
    *_, info = env.step(np.array([1, 0, 0, 0, 0, 0]))
    assert (info["served"], info["pending"], info["not_admitted"]) == (2, 0, 0)


def test_empty_slots_are_ignored():
    env = make(small_scenario())
    env.reset(options={"workload": workload_at([1.0])})
    *_, info = env.step(np.ones(6, dtype=np.int8))
    assert (info["served"], info["not_admitted"]) == (1, 0)


def test_selection_is_the_admissions_of_batching_one_after_the_other():
    """The same workload, the same batches: the same rewards, epochs and observations."""
    scenario = small_scenario(**{"reward.energy": -0.01, "reward.expired": -1.0})
    whole, one_by_one = make(scenario), gym.make("EdgeLLM/Batching-v0", scenario=scenario).unwrapped
    assert_same(whole.reset(seed=1)[0], one_by_one.reset(seed=1)[0])
    rng = np.random.default_rng(1)
    for _ in range(4):
        chosen = rng.integers(0, 2, 6)
        observation, reward, _, truncated, info = whole.step(chosen)
        paid = 0.0
        for slot in np.flatnonzero(chosen):
            if one_by_one.action_masks()[slot]:
                paid += one_by_one.step(int(slot))[1]
        expected = one_by_one.step(6)
        assert_same(observation, expected[0])
        assert reward == pytest.approx(paid + expected[1])
        assert truncated == expected[3]
        assert info["utilisation"] == expected[4]["utilisation"]


def test_selection_may_be_given_as_booleans_or_a_list():
    for chosen in ([1, 0, 0, 0, 0, 0], np.array([True, False, False, False, False, False])):
        env = make(small_scenario())
        env.reset(options={"workload": workload_at([1.0, 1.1])})
        assert env.step(chosen)[-1]["served"] == 1
