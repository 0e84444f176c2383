"""What there is to learn with continuous actions, and the rules that a policy is held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import DecodedPolicy
from edge_llm_baselines.allocation.oracle_decoding import VectorOracleDecoding
from edge_llm_baselines.playing.play import Policy
from edge_llm_baselines.registry.baseline import Baseline, allocating
from edge_llm_baselines.registry.registered import baseline
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.envs.suite import BANDWIDTH, BATCH_SELECTION, COMPUTE, JOINT
from edge_llm_env.registration import environment


class ContinuousTask(NamedTuple):
    """Something to learn."""

    env_id: str
    scenario: str
    rules: Mapping[str, Baseline]
    """Rules beside the random one, none of them tuned, by name; `equal` is among them."""
    wrapper: type[VectorOracleDecoding] | None = None

    def acting(self, policy: Policy, env: VectorEnv) -> Policy:
        """A policy of this task's actions, on the environment itself."""
        return policy if self.wrapper is None else DecodedPolicy(policy, env)

    def rule(self, name: str, env: VectorEnv) -> Policy:
        """A rule as a policy."""
        return self.acting(self.rules[name].acting(seed=0)(env), env)


class DecodedEqualValues:
    """An action of oracle decoding: every request worth 1, which is DFTSP's objective."""

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """The action."""
        return np.ones(simulation.slots)


def _task(env_id: str, *keys: str) -> ContinuousTask:
    """An environment in its default scenario, with some of its baselines."""
    rules = {("oracle" if key == "oracle" else baseline(env_id, key).name): baseline(env_id, key) for key in keys}
    return ContinuousTask(env_id, environment(env_id).default_scenario, rules)


TASKS = {
    "bandwidth": _task(BANDWIDTH, "equal-values", "equal", "equal-finishing-time", "water-filling", "oracle"),
    "compute": _task(COMPUTE, "equal", "proportional", "oracle"),
    "joint": _task(JOINT, "equal"),
    "decoding": ContinuousTask(
        BATCH_SELECTION, "carry-over", {"equal": allocating("equal", DecodedEqualValues)}, wrapper=VectorOracleDecoding
    ),
}
"""By name; `decoding` is oracle decoding, whose equal values are DFTSP."""
