"""What comes of beliefs: true ones change nothing, wrong ones cost what was reserved, and nobody is lost."""

from __future__ import annotations

import dataclasses
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines import DFTSP, EpochPolicy, hindsight_bounds
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight
from edge_llm_baselines.playing.roll_out import served_by
from edge_llm_env import Scenario, ScenarioError, Workload, draw_workload, draw_workloads
from tests.support.allocation import CAPPED
from tests.support.helpers import ALL_FORMS, ALL_WEIGHTS, assert_same, small_scenario, some_action, workload_at

WITHOUT = ("Carried", "Continuous", "MultiNode", "Scaling")
FORMS = tuple(one for one in ALL_FORMS if not any(name in one for name in WITHOUT))
"""Nodes have no beliefs where what an upload has left is known, where an engine says what is known of lengths, where
nodes must know what they share, and where requests are a count."""

UNFINISHED = ("uplinks_failed", "outputs_cut", "downlinks_failed")
BELIEVING = {"beliefs.gain_error_db": 1.5, "beliefs.output_tokens": {"kind": "noisy", "deviation": 0.3}}
SHORT_OF_BAND = {"radio.uplink_bandwidth_hz": 40e3, "radio.downlink_bandwidth_hz": 40e3}


def scenario_of(env_id: str, believing: bool, **overrides: Any) -> Scenario:
    """Four short epochs; with variants where modules are divided."""
    preset = "accuracy-tiers" if "Compute" in env_id or "Joint" in env_id else "carry-over"
    modules = {"node.modules": 4} if preset == "accuracy-tiers" else {}
    return small_scenario(preset, **(modules | SHORT_OF_BAND | (BELIEVING if believing else {}) | overrides))


def play(env: gym.Env, workload: Workload, seed: int) -> list[tuple[float, dict[str, Any]]]:
    """Rewards and infos at the ends of the epochs of an episode at random."""
    rng = np.random.default_rng(seed)
    _, info = env.reset(options={"workload": workload})
    ends, reward_of_epoch, truncated = [], 0.0, False
    while not truncated:
        epochs = info["epochs"]
        _, reward, _, truncated, info = env.step(some_action(env, info, rng))
        reward_of_epoch += float(reward)
        if info["epochs"] > epochs:
            ends.append((reward_of_epoch, info))
            reward_of_epoch = 0.0
    return ends


def numbers(info: dict[str, Any]) -> list[float]:
    return [*info["utilisation"].values(), info["energy_j"]]


@pytest.mark.parametrize("env_id", FORMS)
def test_beliefs_that_are_true_change_nothing_but_when_a_reward_is_paid(env_id: str):
    knowing, believing = (gym.make(env_id, scenario=scenario_of(env_id, one)) for one in (False, True))
    for seed in range(3):
        workload = draw_workload(knowing.unwrapped.scenario, np.random.default_rng(seed))
        pairs = zip(play(knowing, workload, seed), play(believing, workload, seed), strict=True)
        for (reward, info), (later, other) in pairs:
            assert later == pytest.approx(reward, rel=1e-12)
            # the same, added up in another order
            assert numbers(other) == pytest.approx(numbers(info), rel=1e-9)
            same = info.keys() - {"reward_terms", "utilisation", "energy_j"}
            assert_same({name: other[name] for name in same}, {name: info[name] for name in same})


@pytest.mark.parametrize("env_id", FORMS)
def test_every_request_is_pending_served_expired_or_rejected(env_id: str):
    env = gym.make(env_id, scenario=scenario_of(env_id, True, **ALL_WEIGHTS))
    failed = 0
    for seed in range(4):
        workload = draw_workload(env.unwrapped.scenario, np.random.default_rng(seed))
        for _, info in play(env, workload, seed):
            settled = info["served"] + info["expired"] + info["rejected"]
            assert info["arrived"] == settled + info["pending"]
            assert all(value <= 1.0 + 1e-9 for value in info["utilisation"].values())
        failed += sum(info[name] for name in UNFINISHED)
    assert failed > 0


def one_request(**believed: Any) -> tuple[Scenario, Workload]:
    """A band of 1 bit/s/Hz that 512 tokens fill half of, and one patient request that the node believes other of."""
    beliefs = {"beliefs.gain_error_db": 1.0, "epoch.episode_epochs": 4}
    scenario = small_scenario(**(CAPPED | ALL_WEIGHTS | beliefs))
    truth = workload_at([0.0], output_tokens=100)
    return scenario, dataclasses.replace(truth, **{name: np.array(value) for name, value in believed.items()})


def serve_alone(scenario: Scenario, workload: Workload, epochs: int) -> list[dict[str, Any]]:
    env = gym.make("EdgeLLM/BatchSelection-v0", scenario=scenario)
    env.reset(options={"workload": workload})
    return [env.step(np.ones(env.action_space.shape, dtype=np.int8))[-1] for _ in range(epochs)]


def test_an_answer_that_is_too_long_is_cut_and_reserved_twice_as_long_until_it_is_whole():
    scenario, workload = one_request(believed_output_tokens=[30])
    infos = serve_alone(scenario, workload, 3)
    # 30 and 60 tokens are too few for 100, 120 are enough
    assert [info["outputs_cut"] for info in infos] == [1, 2, 2]
    assert [info["served"] for info in infos] == [0, 0, 1]
    assert infos[1]["energy_j"] > infos[0]["energy_j"] > 0.0  # what is cut was computed
    assert infos[0]["reward_terms"]["served"] == 0.0
    assert infos[2]["reward_terms"]["tokens"] == pytest.approx(0.01 * 100)


def test_a_prompt_that_does_not_arrive_is_not_computed_and_its_band_is_used():
    scenario, workload = one_request(believed_uplink_gain=[[1e-9]], believed_downlink_gain=[[1e-9]])
    dead = dataclasses.replace(workload, uplink_gain=np.array([[1e-13]]))
    (info,) = serve_alone(scenario, dead, 1)
    assert (info["uplinks_failed"], info["served"], info["pending"], info["energy_j"]) == (1, 0, 1, 0.0)
    assert info["utilisation"]["uplink"] > 0.0
    assert info["utilisation"]["compute"] == 0.0


def test_an_answer_that_does_not_arrive_was_computed_in_vain():
    scenario, workload = one_request(believed_uplink_gain=[[1e-9]], believed_downlink_gain=[[1e-9]])
    weak = dataclasses.replace(workload, downlink_gain=np.array([[1e-17]]))
    (info,) = serve_alone(scenario, weak, 1)
    assert (info["downlinks_failed"], info["served"], info["pending"]) == (1, 0, 1)
    assert info["energy_j"] > 0.0


@pytest.mark.parametrize(
    "refused", [BELIEVING, {"radio.resource_blocks": {"subcarrier_spacing_khz": 30, "granted_for": "slot"}}]
)
def test_uploads_that_carry_over_are_refused_with_beliefs_and_with_blocks(refused: dict[str, Any]):
    with pytest.raises(ScenarioError, match=r'radio\.transfers = "carried_over": must be "within_epoch" with'):
        small_scenario("embedding-uplink-carried", **refused)


def test_hindsight_bounds_what_is_served_and_knows_the_truth():
    scenario = scenario_of("EdgeLLM/BatchSelection-v0", True)
    workloads = draw_workloads(scenario, 4)
    served = served_by(DFTSP(), scenario, workloads)
    hindsight = LagrangianHindsight(iterations=20, restarts=1, moves_per_offer=100, block_nodes=0)
    bounds = hindsight_bounds(scenario, workloads, hindsight)
    knowing = hindsight_bounds(small_scenario(**SHORT_OF_BAND), workloads, hindsight)
    assert (served <= bounds.upper_bound).all()
    np.testing.assert_array_equal(bounds.served, knowing.served)


def test_rows_of_a_vector_environment_settle_as_single_ones_do():
    scenario = scenario_of("EdgeLLM/BatchSelection-v0", True)
    workloads = draw_workloads(scenario, 3)
    together = served_by(DFTSP(), scenario, workloads)
    alone = []
    for workload in workloads:
        env = gym.make("EdgeLLM/BatchSelection-v0", scenario=scenario)
        policy = EpochPolicy(DFTSP(), env)
        observation, _ = env.reset(options={"workload": workload})
        truncated = False
        while not truncated:
            observation, _, _, truncated, info = env.step(policy.predict(observation)[0])
        alone.append(info["served"])
    assert together.tolist() == alone
