"""Episodes in which different constraints bind, and schedules of them replayed in the environment."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from edge_llm_env import Scenario, Workload, draw_workload, load_scenario

MODES = {
    "carry-over": {},
    "outputs to the longest": {"node.output_length": "batch_max"},
    "prompts to the longest": {"node.prompt_padding": "batch_max", "radio.reciprocal_fading": False},
    "roofline": {"node.cost_model": "roofline", "workload.output_tokens": [16, 32, 64]},
    "narrow band": {"radio.uplink_bits_per_token": 40960.0, "radio.downlink_bits_per_token": 81920.0},
}
"""What binds differs: overrides of `carry-over`."""


def scenario_of(mode: str, epochs: int, rate_per_s: float = 5.0, modules: int = 20) -> Scenario:
    overrides = {
        "epoch.episode_epochs": epochs,
        "workload.arrivals.rate_per_s": rate_per_s,
        "node.modules": modules,
    } | MODES[mode]
    return load_scenario("carry-over", **overrides)


def workload_of(scenario: Scenario, seed: int) -> Workload:
    return draw_workload(scenario, np.random.default_rng(seed))


def replayed(scenario: Scenario, workload: Workload, schedule: NDArray[np.int64]) -> int:
    """Requests that `BatchSelection-v0` serves when told the schedule epoch by epoch."""
    env = gym.make("EdgeLLM/BatchSelection-v0", scenario=scenario)
    _, info = env.reset(options={"workload": workload})
    state = env.unwrapped.simulation.state
    for epoch in range(scenario.epoch.episode_epochs):
        action = np.zeros(env.action_space.shape, dtype=np.int8)
        visible = int(state.visible[0])
        action[:visible] = schedule[state.slot_request[0, :visible]] == epoch
        _, _, _, _, info = env.step(action)
    env.close()
    return int(info["served"])
