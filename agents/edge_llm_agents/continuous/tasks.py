"""What there is to learn with continuous actions, and the rules that a policy is held against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import DecodedPolicy
from edge_llm_baselines.allocation.bandwidth import EqualFinishingTime, EqualShare, MinimumShares, WaterFilling
from edge_llm_baselines.allocation.oracle_decoding import VectorOracleDecoding
from edge_llm_baselines.allocation.partitions import BestPartition, FixedPartition, ProportionalToDemand
from edge_llm_baselines.allocation.policy import Allocation, AllocationPolicy
from edge_llm_baselines.playing.roll_out import Policy
from edge_llm_env.dynamics.simulation import Simulation

MakePolicy = Callable[[VectorEnv], Policy]


class RandomActions:
    """Actions uniform in 0..1, from a generator of its own; equal `seed`, equal actions."""

    def __init__(self, length: int, seed: int = 0) -> None:
        self._length = length
        self._rng = np.random.default_rng(seed)

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.float32], Any]:
        """One action per observation."""
        return self._rng.random((len(observation), self._length), dtype=np.float32), state


class EqualEverything:
    """An action of `Joint-v0`: every request worth 1, equal shares of bands and modules, the scenario's split."""

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """The action."""
        variants = len(simulation.params.variant_accuracy)
        shares = EqualShare().action(simulation, row)
        return np.concatenate([np.ones(simulation.slots), shares, np.full(variants, 1.0 / variants)])


class EqualModules:
    """An action of `Compute-v0`: as many modules for each variant."""

    def action(self, simulation: Simulation, row: int) -> NDArray[np.float64]:
        """The action."""
        variants = len(simulation.params.variant_accuracy)
        return FixedPartition(np.full(variants, 1.0 / variants)).action(simulation, row)


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
