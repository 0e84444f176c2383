"""Oracles, rules and hindsight of allocations where a node is wrong about channels and output lengths."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edge_llm_baselines.hindsight.bands import hindsight_of_bands
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_baselines.residency.clairvoyant.hindsight import hindsight_of_modules
from edge_llm_env import Scenario, Workload, draw_workloads
from edge_llm_env.envs.suite import BANDWIDTH, COMPUTE, JOINT
from tests.support.allocation import banded, tiers

WRONG = {"beliefs__gain_error_db": 2.0, "beliefs__output_tokens": {"kind": "noisy", "deviation": 0.4}}
TUNED = {"discount": 0.5, "partition": [0.25, 0.0, 0.75], "threshold": 0.1, "plan": [1.0, 2.0]}
"""Numbers of the rules, which no test waits for."""


def most(env_id: str, scenario: Scenario, workloads: list[Workload]) -> list[int]:
    """What nobody serves more than, workload by workload."""
    if env_id == BANDWIDTH:
        return hindsight_of_bands(scenario, workloads).upper_bound.tolist()
    return hindsight_of_modules(env_id, scenario, workloads, iterations=5).upper_bound.tolist()


@pytest.mark.parametrize(("env_id", "make"), [(BANDWIDTH, banded), (COMPUTE, tiers), (JOINT, tiers)])
def test_who_is_wrong_serves_less_and_nobody_more_than_hindsight(env_id: str, make: Callable[..., Scenario]):
    knowing, wrong = make(), make(**WRONG)
    workloads = draw_workloads(wrong, 2)
    baselines = baselines_of(env_id)
    bounds = np.array(most(env_id, wrong, workloads))
    for name, policy in baselines.policies(wrong, TUNED, 0).items():
        served = roll_out(policy, env_id, wrong, workloads).served
        assert (served <= bounds).all(), name
        if name == baselines.reference:
            known = roll_out(policy, env_id, knowing, draw_workloads(knowing, 2)).served
            assert 0 < served.sum() < known.sum()
