"""Scenarios of allocations that are small and can be worked out by hand."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from edge_llm_env import Scenario, Workload
from tests.support.helpers import small_scenario

CAPPED = {
    "radio.max_spectral_efficiency_bits_per_s_per_hz": 1.0,
    "radio.uplink_bits_per_token": 9765.625,
    "radio.downlink_bits_per_token": 9765.625,
}
"""Near the base station a band of 20 MHz then carries 20 Mbit/s, 5 Mbit in T_U or T_D of 0.25 s: 128 tokens of
9765.625 bits are 1.25 Mbit and need a quarter of it, 0.0625 s of the whole band."""

TIERS = {"node.modules": 4, "epoch.episode_epochs": 6, "epoch.visible_slots": 6}
"""Turns `accuracy-tiers` into a node of four modules."""


def banded(**overrides: Any) -> Scenario:
    """`carry-over`, T_E = 2 s, with bands that hold four short requests."""
    dotted = {name.replace("__", "."): value for name, value in overrides.items()}
    return small_scenario(**(CAPPED | dotted))


def tiers(**overrides: Any) -> Scenario:
    """`accuracy-tiers` on four modules; dots of the overridden fields are written as `__`."""
    dotted = {name.replace("__", "."): value for name, value in overrides.items()}
    return small_scenario("accuracy-tiers", **(TIERS | dotted))


def started(env_id: str, scenario: Scenario, workload: Workload, **options: Any) -> gym.Env:
    """An environment at the first decision on a workload; `options` are further arguments of it."""
    env = gym.make(env_id, scenario=scenario, disable_env_checker=True, **options).unwrapped
    env.reset(options={"workload": workload})
    return env


def entries(shares: Any) -> NDArray[np.float64]:
    """Shares in 0..1 as entries of an action."""
    return 2.0 * np.asarray(shares, dtype=float) - 1.0


def logits(*shares: float) -> NDArray[np.float64]:
    """The action that leads to those shares of the modules: exp(2a) - exp(-2) are in proportion to them."""
    weights = np.array(shares) / max(shares) * (np.exp(2.0) - np.exp(-2.0))
    return np.clip(np.log(weights + np.exp(-2.0)) / 2.0, -1.0, 1.0)


def corner_actions(length: int) -> list[NDArray]:
    """Valid actions of every kind: zeros, ends, whole numbers, float types, a single entry, and tiny ones."""
    one_hot = np.eye(length)[0]
    return [
        np.zeros(length, dtype=np.float32),
        np.ones(length, dtype=np.float32),
        np.ones(length),
        np.full(length, -1.0),
        np.full(length, -1, dtype=np.int64),
        np.ones(length, dtype=np.int64),
        np.zeros(length, dtype=np.uint8),
        np.full(length, 0.5, dtype=np.float16),
        one_hot,
        np.full(length, 5e-324),
        np.full(length, -0.0),
        np.nextafter(np.full(length, -1.0), 0.0),
        np.linspace(-1.0, 1.0, length),
        np.nextafter(np.ones(length), 0.0),
    ]
