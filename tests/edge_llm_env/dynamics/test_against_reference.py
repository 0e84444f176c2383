"""The environments, step by step, beside the plain-Python simulator that was written from `docs/model.md`."""

from __future__ import annotations

from functools import cache
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_llm_env import Scenario, Workload, draw_workload, load_scenario
from edge_llm_env.envs.observation.features import CONTEXT_FEATURES, SLOT_FEATURES, split_observation
from tests.references.plain_simulator import ReferenceSimulator
from tests.support.helpers import ALL_WEIGHTS, ROOFLINE, small_scenario, some_action, workload_at

SHORT = {"epoch.episode_epochs": 6}
BOTH_PADDED = {"node.prompt_padding": "batch_max", "node.output_length": "batch_max"}
FIXED = {"node.prompt_padding": "fixed", "node.fixed_prompt_tokens": 512}
FEW_STEPS = ROOFLINE | {"epoch.visible_slots": 8, "workload.output_tokens": [8, 16, 32]}
"""The reference goes through every decode step of every batch."""
IMAGES = {
    "node.images": {"tokens": 576, "encoder_weights": 0.304e9, "encoder_patches": 577, "upload_bytes": 5e3},
    "workload.image_share": 0.4,
}
FEW_BLOCKS = {
    "radio.rate_model": {"kind": "cqi", "table": "256qam"},
    "radio.resource_blocks": {"subcarrier_spacing_khz": 60},
    "radio.uplink_bandwidth_hz": 10e6,
    "radio.downlink_bandwidth_hz": 10e6,
    "radio.device_power_dbm": 3.0,
    "radio.node_power_dbm": 5.0,
    "radio.uplink_bits_per_token": 320.0,
    "radio.downlink_bits_per_token": 400.0,
}
"""Eleven blocks of 720 kHz in each band."""
SCENARIOS: dict[str, tuple[str, dict[str, Any]]] = {
    "carry-over": ("carry-over", {}),
    "prompts padded": ("paper-bloom-3b", {"workload.arrivals.rate_per_s": 12.0, "epoch.visible_slots": 16}),
    "both padded": ("carry-over", BOTH_PADDED),
    "outputs padded": ("carry-over", {"node.output_length": "batch_max"}),
    "prompts of fixed length": ("carry-over", FIXED),
    "fixed length, outputs padded": ("carry-over", FIXED | {"node.output_length": "batch_max"}),
    "all reward terms": ("carry-over", ALL_WEIGHTS),
    "independent fading": ("carry-over", {"radio.reciprocal_fading": False}),
    "narrow uplink": ("carry-over", {"radio.uplink_bandwidth_hz": 20e3, "workload.arrivals.rate_per_s": 3.0}),
    "tokens sent again": (
        "carry-over",
        {
            "radio.uplink_bandwidth_hz": 20e3,
            "radio.uplink_token_error_rate": 0.3,
            "workload.arrivals.rate_per_s": 3.0,
        },
    ),
    "narrow downlink": ("carry-over", {"radio.downlink_bandwidth_hz": 15e3, "workload.arrivals.rate_per_s": 3.0}),
    "flexible split": ("carry-over", {"epoch.split": "flexible"}),
    "flexible split, narrow bands": (
        "carry-over",
        {
            "epoch.split": "flexible",
            "radio.uplink_bandwidth_hz": 30e3,
            "radio.downlink_bandwidth_hz": 15e3,
            "workload.arrivals.rate_per_s": 3.0,
        },
    ),
    "capped rate": (
        "carry-over",
        {
            "radio.max_spectral_efficiency_bits_per_s_per_hz": 0.5,
            "radio.uplink_bandwidth_hz": 400e3,
            "radio.downlink_bandwidth_hz": 300e3,
            "workload.arrivals.rate_per_s": 3.0,
        },
    ),
    "link adaptation by CQI": (
        "carry-over",
        {
            "radio.rate_model": "cqi",
            "radio.device_power_dbm": -12.0,
            "radio.node_power_dbm": -8.0,
            "radio.uplink_bandwidth_hz": 50e3,
            "radio.downlink_bandwidth_hz": 40e3,
            "workload.arrivals.rate_per_s": 3.0,
        },
    ),
    "blocks for a whole part": ("carry-over", FEW_BLOCKS),
    "blocks for a slot, flexible split": (
        "carry-over",
        FEW_BLOCKS
        | {
            "epoch.split": "flexible",
            "radio.resource_blocks": {"subcarrier_spacing_khz": 15, "granted_for": "slot"},
            "radio.uplink_bits_per_token": 3200.0,
        },
    ),
    "beliefs of gains and lengths": (
        "carry-over",
        ALL_WEIGHTS
        | FEW_BLOCKS
        | {
            "beliefs.gain_error_db": 2.0,
            "beliefs.gain_margin_db": 1.0,
            "beliefs.output_tokens": {"kind": "noisy", "deviation": 0.3},
            "radio.reciprocal_fading": False,
        },
    ),
    "beliefs of classes, outputs padded, flexible split": (
        "carry-over",
        ALL_WEIGHTS
        | {
            "beliefs.gain_error_db": 3.0,
            "beliefs.output_tokens": {"kind": "classes", "upper_tokens": [128, 200], "accuracy": 0.6},
            "node.output_length": "batch_max",
            "epoch.split": "flexible",
            "radio.uplink_bandwidth_hz": 30e3,
            "radio.downlink_bandwidth_hz": 30e3,
            "workload.latency_requirement_s.high": 10.0,
        },
    ),
    "urban cell, slow users": (
        "carry-over",
        {
            "radio.path_loss": {"kind": "uma"},
            "radio.fading": {"kind": "rician", "k_factor_db": 5.0, "user_speed_m_per_s": 0.01},
            "radio.uplink_bandwidth_hz": 40e3,
        },
    ),
    "little memory": ("carry-over", {"node.memory_bytes_per_module": 0.26e9}),
    "few slots": ("carry-over", {"epoch.visible_slots": 3}),
    "other epochs": ("carry-over", {"epoch.epoch_s": 0.7, "epoch.uplink_s": 0.1, "epoch.downlink_s": 0.05}),
    "roofline": ("carry-over", FEW_STEPS | ALL_WEIGHTS),
    "roofline, both padded": ("carry-over", FEW_STEPS | BOTH_PADDED),
    "roofline, mixture of experts": (
        "carry-over",
        FEW_STEPS | {"node.decoder": "mixtral-8x7b", "node.precision": "w8a16"},
    ),
    "roofline, images in some requests": ("carry-over", FEW_STEPS | ALL_WEIGHTS | IMAGES),
    "roofline, images in some requests, both padded, flexible split": (
        "carry-over",
        FEW_STEPS | BOTH_PADDED | IMAGES | {"epoch.split": "flexible", "radio.uplink_bandwidth_hz": 200e3},
    ),
    "roofline, images in some requests, fixed length": ("carry-over", FEW_STEPS | FIXED | IMAGES),
    "accuracy matters": ("paper-opt-13b", {"node.precision": "w4a16-rtn", "workload.arrivals.rate_per_s": 8.0}),
}


@cache
def scenario_called(name: str) -> Scenario:
    preset, overrides = SCENARIOS[name]
    return load_scenario(preset, **(SHORT | overrides))


def assert_agree(observation: np.ndarray, info: dict[str, Any], reference: ReferenceSimulator) -> None:
    """That an environment shows and counts what the reference does."""
    counters = reference.counters()
    assert {name: info[name] for name in counters} == counters
    assert info["action_mask"].tolist() == reference.mask()
    assert info["reward_terms"] == pytest.approx(reference.reward_terms, rel=1e-9, abs=1e-9)
    assert info["utilisation"] == pytest.approx(reference.utilisation, rel=1e-9, abs=1e-12)
    context, slots = split_observation(observation)
    expected_context = reference.context()
    np.testing.assert_allclose(context, [expected_context[feature.name] for feature in CONTEXT_FEATURES], atol=1e-6)
    for shown, expected in zip(slots, reference.slots(), strict=True):
        expected_slot = [expected.get(feature.name, 0.0) for feature in SLOT_FEATURES]
        np.testing.assert_allclose(shown, expected_slot, atol=1e-6)


def play(env: gym.Env, workload: Workload, rng: np.random.Generator) -> None:
    """Play one episode at random in an environment and in the reference, comparing after every step."""
    reference = ReferenceSimulator(env.unwrapped.scenario, workload)
    observation, info = env.reset(options={"workload": workload})
    assert_agree(observation, info, reference)
    truncated = False
    while not truncated:
        action = some_action(env, info, rng)
        observation, reward, terminated, truncated, info = env.step(action)
        if isinstance(env.action_space, gym.spaces.Discrete):
            expected_reward = reference.step_batching(int(action))
        else:
            expected_reward = reference.step_batch_selection(action.tolist())
        assert reward == pytest.approx(expected_reward, rel=1e-9, abs=1e-9)
        assert (terminated, truncated) == (False, reference.truncated)
        assert_agree(observation, info, reference)


@cache
def environment(env_id: str, name: str) -> gym.Env:
    return gym.make(env_id, scenario=scenario_called(name))


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("env_id", ["EdgeLLM/Batching-v0", "EdgeLLM/BatchSelection-v0"])
def test_episode_is_that_of_the_reference(env_id: str, name: str):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        env = environment(env_id, name)
        play(env, draw_workload(env.unwrapped.scenario, rng), rng)


@pytest.mark.parametrize(
    ("name", "constraint"),
    [
        ("narrow uplink", "uplink"),
        ("tokens sent again", "uplink"),
        ("narrow downlink", "downlink"),
        ("capped rate", "uplink"),
        ("capped rate", "downlink"),
        ("link adaptation by CQI", "uplink"),
        ("link adaptation by CQI", "downlink"),
        ("blocks for a whole part", "uplink"),
        ("blocks for a whole part", "downlink"),
        ("little memory", "memory"),
        ("carry-over", "latency"),
        ("few slots", "visible"),
        ("accuracy matters", "accuracy"),
    ],
)
def test_scenarios_above_make_the_constraint_bind(name: str, constraint: str):
    """A comparison in which no constraint binds would show little."""
    binding = 0
    scenario = scenario_called(name)
    for seed in range(2):
        reference = ReferenceSimulator(scenario, draw_workload(scenario, np.random.default_rng(seed)))
        node = reference.node
        while not reference.truncated:
            open_slots = np.flatnonzero(reference.mask())
            for request in reference.visible:
                if request.fate == "pending" and reference.batch:
                    grown = [*reference.batch, request]
                    binding += {
                        "uplink": sum(map(node.uplink_share, grown)) > 1 >= node.uplink_share(request),
                        "downlink": sum(map(node.downlink_share, grown)) > 1 >= node.downlink_share(request),
                        "memory": node.memory_bytes(grown) > node.memory_limit_bytes,
                        "latency": node.compute_s(grown) > node.slack_s(request, reference.start_s),
                        "visible": reference.counters()["beyond_visible"] > 0,
                        "accuracy": reference.counters()["rejected"] > 0,
                    }[constraint]
            reference.step_batching(int(open_slots[0]))
    assert binding > 0


def test_beliefs_above_fail_in_every_way():
    failed = dict.fromkeys(("uplinks_failed", "outputs_cut", "downlinks_failed", "served"), 0)
    for name in ("beliefs of gains and lengths", "beliefs of classes, outputs padded, flexible split"):
        scenario = scenario_called(name)
        for seed in range(2):
            reference = ReferenceSimulator(scenario, draw_workload(scenario, np.random.default_rng(seed)))
            while not reference.truncated:
                reference.step_batching(int(np.flatnonzero(reference.mask())[0]))
            for way in failed:
                failed[way] += reference.counters()[way]
    assert min(failed.values()) > 0, failed


# Workloads that no generator would draw: ties of arrivals with each other and with epoch starts, dead channels, prompts
# too long to be served, deadlines that have passed before the first epoch.
any_request = st.fixed_dictionaries(
    {
        "arrival_s": st.integers(0, 40).map(lambda quarters: 0.25 * quarters) | st.floats(0, 10),
        "prompt_tokens": st.sampled_from([1, 128, 512, 4096, 60000]),
        "output_tokens": st.sampled_from([1, 128, 512, 2048]),
        "latency_requirement_s": st.sampled_from([0.3, 2.0, 4.0, 6.0, 30.0]) | st.floats(0.1, 8),
        "accuracy_requirement": st.sampled_from([0.0, 0.5, 1.0]),
    }
)
any_gain = st.sampled_from([0.0, 1e-18, 1e-15, 1e-13, 1e-9])


@st.composite
def any_workload(draw: st.DrawFn) -> Workload:
    requests = sorted(draw(st.lists(any_request, max_size=14)), key=lambda request: request["arrival_s"])
    shape = (len(requests), draw(st.integers(1, 5)))
    gains = [
        np.array(draw(st.lists(any_gain, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))).reshape(shape)
        for _ in range(2)
    ]
    columns = {name: [request[name] for request in requests] for name in requests[0]} if requests else {"arrival_s": []}
    return workload_at(**columns, uplink_gain=gains[0], downlink_gain=gains[1])


@cache
def small_environment(env_id: str, padded: bool) -> gym.Env:
    overrides = ALL_WEIGHTS | {"epoch.visible_slots": 4, "epoch.episode_epochs": 5, "node.precision": "w4a16-rtn"}
    return gym.make(env_id, scenario=small_scenario(**(overrides | (BOTH_PADDED if padded else {}))))


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("env_id", ["EdgeLLM/Batching-v0", "EdgeLLM/BatchSelection-v0"])
@settings(max_examples=250)
@given(workload=any_workload(), seed=st.integers(0, 2**31))
def test_any_workload_is_played_as_the_reference_does(env_id: str, padded: bool, workload: Workload, seed: int):
    play(small_environment(env_id, padded), workload, np.random.default_rng(seed))
