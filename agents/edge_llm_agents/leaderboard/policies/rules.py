"""The baselines of each environment, and the reference among them that serves most in every epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from gymnasium.vector import VectorEnv

from edge_llm_agents.comparison.comparison import ORACLE, baseline_solvers
from edge_llm_agents.continuous.tasks import TASKS, RandomActions
from edge_llm_agents.leaderboard.policies.sources import MakePolicy
from edge_llm_agents.records.hashes import code_sha256, combined_sha256
from edge_llm_baselines import EpochPolicy, LookAhead, Solver
from edge_llm_baselines.allocation.bandwidth import MinimumShares
from edge_llm_baselines.allocation.joint import BestJoint
from edge_llm_baselines.allocation.partitions import BestPartition, FixedPartition
from edge_llm_baselines.allocation.policy import Allocation, AllocationPolicy
from edge_llm_baselines.playing.roll_out import Policy
from edge_llm_env.scenarios import Scenario

REFERENCES = {
    "EdgeLLM/Batching-v0": ORACLE,
    "EdgeLLM/BatchSelection-v0": ORACLE,
    "EdgeLLM/Bandwidth-v0": "MinimumShares",
    "EdgeLLM/Compute-v0": "BestPartition",
    "EdgeLLM/Joint-v0": "BestJoint",
}
"""What every policy of an environment is held against: the oracle of one epoch at a time."""

BOUNDED = ("EdgeLLM/Batching-v0", "EdgeLLM/BatchSelection-v0", "EdgeLLM/Bandwidth-v0")
"""Environments that hindsight's bound holds in: what they play is a schedule of batches on the whole node, which it is
not where modules are divided among variants."""


@dataclass(frozen=True)
class Tuned:
    """What of the rules is tuned for a scenario, on workloads apart from those of the suite."""

    discount: float
    """δ of the look-ahead rule."""
    partition: tuple[float, ...] | None
    """Shares of the modules that serve most when they never change; None for a node of one variant."""


@dataclass(frozen=True)
class Rule:
    """A baseline as a source of a policy, by its name."""

    name: str
    tuned: Tuned
    seed: int
    label: ClassVar[str] = "rule"
    packages: ClassVar[tuple[str, ...]] = ()
    learned: ClassVar[bool] = False

    def sha256(self) -> str:
        """Of the rules' code and of what is tuned."""
        return combined_sha256(code_sha256("edge_llm_agents.leaderboard.policies.rules"), str(self))

    def policy(self, env_id: str, scenario: Scenario) -> MakePolicy:
        """The rule as it plays the environment."""
        return rules(env_id, scenario, self.tuned, self.seed)[self.name]


def rules(env_id: str, scenario: Scenario, tuned: Tuned, seed: int) -> dict[str, MakePolicy]:
    """The baselines of an environment by name; `seed` is of those that decide at random."""
    if env_id in ("EdgeLLM/Batching-v0", "EdgeLLM/BatchSelection-v0"):
        solvers = baseline_solvers(scenario, seed) | {"look-ahead": lambda: _look_ahead(scenario, tuned)}
        return {name: _solving(make) for name, make in solvers.items()}
    allocations: dict[str, Allocation] = {REFERENCES[env_id]: _ORACLES[env_id]()}
    task = next(task for task in TASKS.values() if task.env_id == env_id)
    allocations |= {name: rule for name, rule in task.rules.items() if name != "oracle"}
    if env_id == "EdgeLLM/Bandwidth-v0":
        allocations["look-ahead, least shares"] = MinimumShares(_look_ahead(scenario, tuned))
    if env_id == "EdgeLLM/Compute-v0" and tuned.partition is not None:
        allocations["best fixed partition"] = FixedPartition(np.array(tuned.partition))
    return {name: _allocating(one) for name, one in allocations.items()} | {"random": lambda env: _random(env, seed)}


_ORACLES: dict[str, Callable[[], Allocation]] = {
    "EdgeLLM/Bandwidth-v0": MinimumShares,
    "EdgeLLM/Compute-v0": BestPartition,
    "EdgeLLM/Joint-v0": BestJoint,
}


def _look_ahead(scenario: Scenario, tuned: Tuned) -> LookAhead:
    return LookAhead(tuned.discount, scenario.epoch.epoch_s)


def _solving(make: Callable[[], Solver]) -> MakePolicy:
    return lambda env: EpochPolicy(make(), env)


def _allocating(allocation: Allocation) -> MakePolicy:
    return lambda env: AllocationPolicy(allocation, env)


def _random(env: VectorEnv, seed: int) -> Policy:
    return RandomActions(int(np.prod(env.single_action_space.shape or ())), seed)
