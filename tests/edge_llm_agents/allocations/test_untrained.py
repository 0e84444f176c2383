"""What a policy that has learned nothing serves where bands and modules are divided: actions near 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from stable_baselines3 import PPO

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.pretrained.shipped import PRETRAINED
from edge_llm_agents.records.record import read_record
from edge_llm_baselines.playing.play import Policy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env import load_scenario
from edge_llm_env.envs.bandwidth.environment import BandwidthEnv
from edge_llm_env.envs.suite import BANDWIDTH, COMPUTE, JOINT
from edge_llm_env.workload.streams import draw_workloads


class Zero:
    """Action 0 everywhere."""

    def __init__(self, length: int) -> None:
        self._length = length

    def predict(
        self, observation: np.ndarray, state: None = None, episode_start: None = None, deterministic: bool = True
    ) -> tuple[np.ndarray, None]:
        """Of every row, (rows, length)."""
        return np.zeros((len(observation), self._length)), state


@pytest.mark.parametrize("preset", ["embedding-uplink", "embedding-uplink-carried", "mobile-uplink"])
def test_untrained_ppo_serves_95_percent_of_what_the_oracle_of_the_epoch_does(preset: str) -> None:
    scenario = load_scenario(preset, **{"epoch.episode_epochs": 25})
    model = PPO("MlpPolicy", EdgeVecEnv(BANDWIDTH, 4, scenario), seed=0, device="cpu")
    workloads = draw_workloads(scenario, 4)
    oracle = baselines_of(BANDWIDTH).rules["minimum-shares"].acting(0)
    served, most = (roll_out(make, BANDWIDTH, scenario, workloads).served.sum() for make in (lambda env: model, oracle))
    assert served >= 0.95 * most > 0


@pytest.mark.parametrize("env_id", [COMPUTE, JOINT])
def test_0_serves_what_the_best_rule_without_parameters_does_where_modules_are_divided(env_id: str) -> None:
    scenario, baselines = load_scenario("accuracy-tiers"), baselines_of(env_id)
    workloads = draw_workloads(scenario, 20)

    def zero(env: Any) -> Policy:
        return Zero(env.action_space.shape[-1])

    served = roll_out(zero, env_id, scenario, workloads).served.sum()
    rules = {key: rule for key, rule in baselines.rules.items() if rule.tunable is None and not rule.informed}
    for key in rules.keys() - {baselines.oracle}:
        assert served >= roll_out(rules[key].acting(0), env_id, scenario, workloads).served.sum() > 0, key


def test_what_the_page_says_0_serves_where_uploads_carry_over_is_what_the_card_says() -> None:
    said = {}
    for preset in ("embedding-uplink-carried", "mobile-uplink"):
        rules = read_record(PRETRAINED / f"bandwidth-{preset}.json")["evaluation"]["references"]["rules"]
        said[preset] = [f"{rules[name]['percent_of_oracle']:.1f} %" for name in ("equal-values", "srt")]
        assert 100.0 <= rules["equal-values"]["percent_of_oracle"] <= rules["srt"]["percent_of_oracle"]
    text = " ".join((BandwidthEnv.__doc__ or "").split())
    zero, srt = said["embedding-uplink-carried"]
    assert f"it serves {zero} of what the epoch's oracle does, and shortest remaining time {srt}" in text
    zero, srt = said["mobile-uplink"]
    assert f"on `mobile-uplink` {zero} and {srt}" in text
