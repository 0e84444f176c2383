"""A model that `train` has trained, with where it acts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm

from edge_llm_agents.evaluation.models import acting_model
from edge_llm_agents.records.files import save_model
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.scenarios import Scenario


class TrainedModel:
    """An SB3 model as a policy of the environment and scenario that it was trained in."""

    def __init__(self, model: BaseAlgorithm, env_id: str, scenario: Scenario) -> None:
        self.model, self.env_id, self.scenario = model, env_id, scenario

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of an environment of `env_id`, masked where actions are."""
        return acting_model(self.model)(env)

    def for_scenario(self, scenario: Scenario) -> TrainedModel:
        """The same model in another scenario, whose spaces must be the same."""
        return TrainedModel(self.model, self.env_id, scenario)

    def save(self, path: Path | str) -> Path:
        """Write the model as SB3 does; the file, which ends in .zip and which `compare` reads with `unpickle` alone."""
        file = Path(path).with_suffix(".zip")
        file.parent.mkdir(parents=True, exist_ok=True)
        save_model(self.model, file)
        return file
