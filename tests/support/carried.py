"""`EdgeLLM/Bandwidth-v0` where uploads carry over, whatever scenario it is made with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_llm_env import Scenario, load_scenario
from edge_llm_env.envs.bandwidth.environment import BandwidthEnv, BandwidthVectorEnv

CARRIED = {"radio.transfers": "carried_over", "radio.uplink_bits_per_token": 40960.0}
"""Embeddings, so that uploads take more than an epoch."""


class CarriedBandwidthEnv(BandwidthEnv):
    """The environment with these settings."""

    def __init__(self, scenario: str | Path | Scenario, render_mode: str | None = None, action: str = "values") -> None:
        super().__init__(load_scenario(scenario, **CARRIED), render_mode, action)


class CarriedBandwidthVectorEnv(BandwidthVectorEnv):
    """Its vector form."""

    def __init__(self, num_envs: int, scenario: str | Path | Scenario, **options: Any) -> None:
        super().__init__(num_envs, load_scenario(scenario, **CARRIED), **options)
