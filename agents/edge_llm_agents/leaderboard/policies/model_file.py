"""Models that Stable-Baselines3 saved as the suite's policies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from edge_llm_agents.evaluation.models import model_file
from edge_llm_agents.records.hashes import code_sha256, combined_sha256, file_sha256
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_env.scenarios import Scenario


@dataclass(frozen=True)
class ModelFile:
    """A model that Stable-Baselines3 saved, which whoever submits it allows to be unpickled."""

    path: str
    algorithm: str | None
    """As `edge_llm_agents.evaluation.models.model_file` takes it."""
    packages: ClassVar[tuple[str, ...]] = ("sb3-contrib", "stable-baselines3", "torch")
    learned: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """The file's name."""
        return Path(self.path).name

    def sha256(self, env_id: str) -> str:
        """Of the file, and of the code that makes actions of it."""
        return combined_sha256(code_sha256(model_file.__module__), file_sha256(Path(self.path)))

    def policy(self, env_id: str, scenario: Scenario) -> MakePolicy:
        """Deterministic; see `edge_llm_agents.evaluation.models.acting_model`."""
        return model_file(Path(self.path), self.algorithm, unpickle=True)
