"""Learned policies on disk, as the package brings them along, as the suite's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from edge_llm_agents.evaluation.models import DoesNotPlayError
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.pretrained.shipped import path_of
from edge_llm_agents.records.hashes import code_sha256, combined_sha256, file_sha256
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_env.scenarios import Scenario


@dataclass(frozen=True)
class SavedFile:
    """A policy with a card: a name of the package's, or a path without suffix. Nothing is unpickled."""

    path: str
    elsewhere: bool = False
    """Whether it plays in other scenarios than its own, too."""
    packages: ClassVar[tuple[str, ...]] = ("safetensors", "torch")
    learned: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """Its name."""
        return Path(self.path).name

    def sha256(self, env_id: str) -> str:
        """Of its weights, of what its card says they are, and of the code that makes actions of them."""
        path = path_of(self.path)
        policy, _ = load_policy(self.path)
        weights = file_sha256(path.with_name(f"{path.name}.safetensors"))
        return combined_sha256(code_sha256(type(policy).__module__), policy.env_id, str(policy.description()), weights)

    def policy(self, env_id: str, scenario: Scenario) -> MakePolicy:
        """In its environment, and unless it goes elsewhere in the scenario that it was trained for."""
        policy, card = load_policy(self.path)
        here = policy.scenario.fingerprint() == scenario.fingerprint()
        if env_id != policy.env_id or not (here or self.elsewhere):
            raise DoesNotPlayError(f"{self.label} is for {policy.env_id}, {card.scenario}")
        return policy.acting if here else policy.for_scenario(scenario).acting
