"""Baselines as sources of policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from edge_llm_agents.records.hashes import combined_sha256, function_sha256
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.scenarios import Scenario


@dataclass(frozen=True)
class Rule:
    """A baseline as a source of a policy."""

    key: str
    """Of the environment's baselines."""
    tuned: Any
    """What is tuned of it for the scenario, on workloads apart from those of the suite; None if nothing is."""
    seed: int
    """Of what it draws."""
    label: ClassVar[str] = "rule"
    packages: ClassVar[tuple[str, ...]] = ()
    learned: ClassVar[bool] = False

    def sha256(self, env_id: str) -> str:
        """Of the baseline's code, of what is tuned and of the seed."""
        return combined_sha256(function_sha256(baselines_of(env_id).rules[self.key].policy), str(self))

    def policy(self, env_id: str, scenario: Scenario) -> MakePolicy:
        """The baseline as it plays the environment."""
        return baselines_of(env_id).rules[self.key].acting(self.seed, self.tuned)
