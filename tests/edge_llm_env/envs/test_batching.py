from __future__ import annotations

import copy
from functools import cache

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from edge_llm_env import Scenario, Workload, draw_workload
from tests.references.plain_simulator import ReferenceSimulator
from tests.support.helpers import assert_same, small_scenario, workload_at

Q = 5
TIGHT = {
    "uplink": {"radio.uplink_bandwidth_hz": 20e3},
    "downlink": {"radio.downlink_bandwidth_hz": 12e3},
    "memory": {"node.memory_bytes_per_module": 0.25e9},
    "compute": {"node.modules": 8},
    "padding": {"node.modules": 8, "node.prompt_padding": "batch_max", "node.output_length": "batch_max"},
}


@cache
def tight_scenario(resource: str) -> Scenario:
    """One in which that resource allows about two or three requests at a time."""
    return small_scenario(**({"epoch.visible_slots": Q} | TIGHT[resource]))


def make(scenario: Scenario) -> gym.Env:
    return gym.make("EdgeLLM/Batching-v0", scenario=scenario, disable_env_checker=True).unwrapped


def states(scenario: Scenario, seed: int) -> list[tuple[gym.Env, ReferenceSimulator]]:
    """An environment in every state of an episode that admits at random, each beside its reference."""
    rng = np.random.default_rng(seed)
    workload = draw_workload(scenario, rng)
    env, reference = make(scenario), ReferenceSimulator(scenario, workload)
    env.reset(options={"workload": workload})
    visited = [(env, reference)]
    while not reference.truncated:
        env, reference = copy.deepcopy((env, reference))
        action = int(rng.choice(np.flatnonzero(reference.mask())))
        env.step(action)
        reference.step_batching(action)
        visited.append((env, reference))
    return visited


def test_action_space_is_the_slots_and_dispatch():
    env = gym.make("EdgeLLM/Batching-v0", scenario="carry-over")
    assert env.action_space == spaces.Discrete(33)


@pytest.mark.parametrize("resource", TIGHT)
def test_every_action_does_what_the_mask_says(resource: str):
    """Sound: what is open admits its request. Complete: what is closed would make the batch infeasible."""
    closed_for_want_of_room = 0
    for env, reference in states(tight_scenario(resource), seed=0):
        mask = env.action_masks()
        before = env.simulation.counters(0)
        for action in range(Q + 1):
            tried = copy.deepcopy(env)
            _, _, _, _, info = tried.step(action)
            admitted = (info["epochs"], info["invalid_actions"]) == (before["epochs"], before["invalid_actions"])
            assert admitted == (mask[action] and action < Q) == (action < Q and reference.admissible(action))
            if admitted:
                assert info["served"] == before["served"] + 1
            else:
                assert info["epochs"] == before["epochs"] + 1
                assert info["served"] == before["served"]
                assert info["invalid_actions"] == before["invalid_actions"] + (action < Q)
            pending = action < len(reference.visible) and reference.visible[action].fate == "pending"
            closed_for_want_of_room += pending and not mask[action]
    assert closed_for_want_of_room > 0


@pytest.mark.parametrize("resource", TIGHT)
def test_served_batches_are_feasible(resource: str):
    batches = [
        (reference.node, reference.batch, reference.start_s)
        for _, reference in states(tight_scenario(resource), seed=1)
        if len(reference.batch) > 1
    ]
    assert len(batches) > 0
    for node, batch, start_s in batches:
        assert node.can_serve(batch, start_s)


def test_masks_are_in_the_info_and_under_the_name_that_sb3_contrib_knows():
    env = make(small_scenario())
    _, info = env.reset(seed=0)
    assert_same(env.action_masks(), info["action_mask"])
    env.action_masks()[:] = False
    assert env.action_masks()[-1]


def test_dispatch_is_always_allowed():
    env = make(small_scenario())
    env.reset(seed=0)
    for _ in range(10):
        assert env.action_masks()[-1]
        env.step(int(np.argmax(env.action_masks())))


def test_closed_slot_dispatches_and_is_counted():
    env = make(small_scenario())
    env.reset(options={"workload": workload_at([1.0, 1.1])})
    env.step(1)
    for epochs, slot in ((1, 5), (2, 4)):
        *_, info = env.step(slot)
        assert (info["epochs"], info["invalid_actions"]) == (epochs, epochs)


def test_admitting_twice_dispatches_the_second_time():
    env = make(small_scenario())
    env.reset(options={"workload": workload_at([1.0, 1.1])})
    env.step(0)
    *_, info = env.step(0)
    assert (info["served"], info["epochs"], info["invalid_actions"]) == (1, 1, 1)


def test_dispatching_on_purpose_is_no_invalid_action():
    env = make(small_scenario())
    env.reset(options={"workload": workload_at([1.0, 1.1])})
    assert env.step(6)[-1]["invalid_actions"] == 0


def test_admission_takes_no_time():
    env = make(small_scenario())
    env.reset(options={"workload": workload_at([1.0, 1.1, 2.5])})
    *_, info = env.step(0)
    assert (info["epochs"], info["arrived"]) == (0, 2)


def test_admission_pays_its_request_at_once():
    weights = {"reward.served": 2.0, "reward.tokens": 0.5, "reward.energy": -0.001}
    env = make(small_scenario(**weights))
    env.reset(options={"workload": workload_at([1.0, 1.1], output_tokens=[128, 256])})
    _, reward, _, _, info = env.step(1)
    # 30·(128·(8d² + 4df) + 4·128²·d) + 255·30·(8d² + 4df + 4·(128 + 128)·d) FLOPs on 26.6 TFLOP/s at 300 W
    per_token = 8 * 2560**2 + 4 * 2560 * 10240
    flops = 30 * (128 * per_token + 4 * 128**2 * 2560) + 255 * 30 * (per_token + 4 * 256 * 2560)
    energy_j = 300.0 * flops / 26.6e12
    assert info["reward_terms"] == pytest.approx(
        {"served": 2.0, "tokens": 128.0, "energy": -0.001 * energy_j, "expired": 0.0}
    )
    assert reward == pytest.approx(2.0 + 128.0 - 0.001 * energy_j)


def test_energy_of_a_padded_batch_is_paid_for_in_full():
    """Admitting a long prompt makes the shorter ones of the batch dearer, and that is part of its reward."""
    overrides = {"node.prompt_padding": "batch_max", "node.output_length": "batch_max", "reward.energy": -1.0}
    env = make(small_scenario(**overrides))
    env.reset(
        options={"workload": workload_at([1.0, 1.1, 1.2], prompt_tokens=[16, 512, 64], output_tokens=[16, 64, 128])}
    )
    paid_j = sum(env.step(slot)[-1]["reward_terms"]["energy"] for slot in (0, 1, 2))
    # three times 512 prompt and 128 output tokens
    per_token = 8 * 2560**2 + 4 * 2560 * 10240
    flops = 3 * 30 * (512 * per_token + 4 * 512**2 * 2560 + 127 * (per_token + 4 * (512 + 64) * 2560))
    assert paid_j == pytest.approx(-300.0 * flops / 26.6e12)


@pytest.mark.parametrize(
    "workload", [workload_at([]), workload_at([1.0]), workload_at(np.linspace(0, 1.9, 40))], ids=["none", "one", "many"]
)
def test_order_of_admission_does_not_change_what_is_served(workload: Workload):
    env, other = make(small_scenario()), make(small_scenario())
    env.reset(options={"workload": workload})
    other.reset(options={"workload": workload})
    slots = [0, 1, 2] if workload.requests > 3 else []
    for mine, theirs in zip(slots, reversed(slots), strict=True):
        env.step(mine), other.step(theirs)
    mine, theirs = env.step(6), other.step(6)
    assert_same(mine[0], theirs[0])
    assert mine[4]["utilisation"] == pytest.approx(theirs[4]["utilisation"], rel=1e-12)
