"""Models that Stable-Baselines3 saved as the suite's policies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import sb3_contrib
import stable_baselines3
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from stable_baselines3.common.save_util import load_from_zip_file

from edge_llm_agents.continuous.training import Rescaled
from edge_llm_agents.evaluation.playing import DecodedPolicy, MaskedModel
from edge_llm_agents.leaderboard.policies.sources import DoesNotPlayError, MakePolicy
from edge_llm_agents.records.hashes import file_sha256
from edge_llm_baselines.playing.roll_out import Policy
from edge_llm_env.scenarios import Scenario

ALGORITHMS = {
    name: getattr(library, name)
    for library, names in (
        (stable_baselines3, ("A2C", "DDPG", "DQN", "PPO", "SAC", "TD3")),
        (sb3_contrib, ("ARS", "CrossQ", "MaskablePPO", "QRDQN", "TQC", "TRPO")),
    )
    for name in names
}
"""Classes that a zip of Stable-Baselines3 can be of."""


@dataclass(frozen=True)
class ModelFile:
    """A model that Stable-Baselines3 saved. Loading unpickles what is in it, which can run any code."""

    path: str
    algorithm: str | None
    """A name of ALGORITHMS; None is MaskablePPO for `Batching-v0` and PPO for others."""
    packages: ClassVar[tuple[str, ...]] = ("sb3-contrib", "stable-baselines3", "torch")
    learned: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """The file's name."""
        return Path(self.path).name

    def sha256(self) -> str:
        """Of the file."""
        return file_sha256(Path(self.path))

    def policy(self, env_id: str, scenario: Scenario) -> MakePolicy:
        """Deterministic, with masks where it knows of masks, on an environment whose spaces are its own.

        Actions in -1..1 are those of an environment rescaled with `RescaleAction`; in `BatchSelection-v0` a Box of one
        entry per slot is values for oracle decoding.
        """
        name = self.algorithm or ("MaskablePPO" if env_id == "EdgeLLM/Batching-v0" else "PPO")
        saved, _, _ = load_from_zip_file(self.path, device="cpu")
        if saved is None:
            raise ValueError(f"{self.path}: holds the parameters of a model but not the model")
        seen, actions = saved["observation_space"], saved["action_space"]

        def make(env: VectorEnv) -> Policy:
            """The model on an environment; DoesNotPlayError where its spaces are of another."""
            refuse_other_spaces(seen, actions, env)  # before the model is made, which fails where its class is another
            model = ALGORITHMS[name].load(self.path, device="cpu")
            from_minus_one = isinstance(actions, spaces.Box) and np.all(actions.low == -1.0)
            policy: Policy = Rescaled(model) if from_minus_one else MaskedModel(model, env)
            return DecodedPolicy(policy, env) if are_values(actions, env) else policy

        return make


def refuse_other_spaces(seen: spaces.Space, actions: spaces.Space, env: VectorEnv) -> None:
    """Raise DoesNotPlayError where a model's spaces are not those of an environment."""
    space = env.single_action_space
    if seen.shape != env.single_observation_space.shape:
        here = env.single_observation_space.shape
        raise DoesNotPlayError(f"it sees observations of shape {seen.shape}, here they are {here}")
    same = type(actions) is type(space) and actions.shape == space.shape
    if isinstance(space, spaces.Discrete) and isinstance(actions, spaces.Discrete):
        same = actions.n == space.n
    if not same and not are_values(actions, env):
        raise DoesNotPlayError(f"its actions are {actions}, here they are {space}")


def are_values(actions: spaces.Space, env: VectorEnv) -> bool:
    """Whether a model's actions are a value for each request, to be decoded where a batch is to be named."""
    space = env.single_action_space
    return isinstance(space, spaces.MultiBinary) and isinstance(actions, spaces.Box) and actions.shape == space.shape
