"""Tokens that do not arrive as they were sent."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.engine.params import engine_params
from tests.support.helpers import small_scenario, workload_at

NARROW = {
    "radio.max_spectral_efficiency_bits_per_s_per_hz": 1.0,
    "radio.uplink_bandwidth_hz": 100e6,
    "radio.uplink_bits_per_token": 40960.0,
}


def test_worked_example():
    """128 embeddings of 40,960 bits are 5.24288 Mbit, and with one in five wrong 6.5536 Mbit, of 50."""
    shares = []
    for rate in (0.0, 0.2):
        scenario = small_scenario("orin-llama-8b", **(NARROW | {"radio.uplink_token_error_rate": rate}))
        env = gym.make("EdgeLLM/Batching-v0", scenario=scenario)
        env.reset(options={"workload": workload_at([0.0], prompt_tokens=128)})
        shares.append(env.unwrapped.simulation.state.slot_uplink_share[0, 0])
    assert shares == pytest.approx([5.24288e6 / (0.5 * 100e6), 6.5536e6 / (0.5 * 100e6)])


def test_times_sent_are_those_of_single_tokens():
    """As often as tokens are sent, one by one, until each has arrived."""
    rate, tokens = 0.3, 200_000
    sent = np.random.default_rng(0).geometric(1.0 - rate, size=tokens)
    scenario = load_scenario("orin-llama-8b", **{"radio.uplink_token_error_rate": rate})
    assert scenario.uplink_bits_per_token / 32.0 == pytest.approx(sent.mean(), rel=5e-3)


def test_a_rate_of_zero_changes_nothing_and_others_reach_engines_too():
    plain, none, some = (
        load_scenario("chat-orin", **one) for one in ({}, *({"radio.uplink_token_error_rate": p} for p in (0.0, 0.5)))
    )
    assert plain.fingerprint() == none.fingerprint() != some.fingerprint()
    assert engine_params(some).uplink_bits_per_token == 2.0 * engine_params(plain).uplink_bits_per_token
    with pytest.raises(ScenarioError, match=r"radio\.uplink_token_error_rate"):
        load_scenario("chat-orin", **{"radio.uplink_token_error_rate": 1.0})
