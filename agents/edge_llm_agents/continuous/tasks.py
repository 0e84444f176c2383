"""What there is to learn with continuous actions, and the rules that a policy is held against."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import DecodedPolicy
from edge_llm_baselines.allocation.bandwidth import EqualFinishingTime, EqualShare, MinimumShares, WaterFilling
from edge_llm_baselines.allocation.equal import EqualEverything, EqualModules
from edge_llm_baselines.allocation.oracle_decoding import VectorOracleDecoding
from edge_llm_baselines.allocation.partitions import BestPartition, ProportionalToDemand
from edge_llm_baselines.allocation.policy import Allocation, AllocationPolicy
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.dynamics.simulation import Simulation


class ContinuousTask(NamedTuple):
    """Something to learn."""

    env_id: str
    scenario: str
    rules: dict[str, Allocation]
    """Rules beside the random one, by name; `equal` is among them."""
    wrapper: type[VectorOracleDecoding] | None = None

    def acting(self, policy: Policy, env: VectorEnv) -> Policy:
        """A policy of this task's actions, on the environment itself."""
        return policy if self.wrapper is None else DecodedPolicy(policy, env)

    def rule(self, name: str, env: VectorEnv) -> Policy:
        """A rule as a policy."""
        return self.acting(AllocationPolicy(self.rules[name], env), env)


class EqualValues:
    """An action of oracle decoding: every request worth 1, which is DFTSP's objective."""

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """The action."""
        return np.ones(simulation.slots)


TASKS = {
    "bandwidth": ContinuousTask(
        "EdgeLLM/Bandwidth-v0",
        "embedding-uplink",
        {
            "equal": EqualShare(),
            "equal finishing time": EqualFinishingTime(),
            "water-filling": WaterFilling(),
            "oracle": MinimumShares(),
        },
    ),
    "compute": ContinuousTask(
        "EdgeLLM/Compute-v0",
        "accuracy-tiers",
        {"equal": EqualModules(), "proportional": ProportionalToDemand(), "oracle": BestPartition()},
    ),
    "joint": ContinuousTask("EdgeLLM/Joint-v0", "accuracy-tiers", {"equal": EqualEverything()}),
    "decoding": ContinuousTask(
        "EdgeLLM/BatchSelection-v0", "carry-over", {"equal": EqualValues()}, wrapper=VectorOracleDecoding
    ),
}
"""By name; `decoding` is oracle decoding, whose equal values are DFTSP."""
