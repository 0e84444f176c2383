"""Models of Stable-Baselines3 as policies of the suite's environments."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile

import numpy as np
import sb3_contrib
import stable_baselines3
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.save_util import load_from_zip_file

from edge_llm_agents.evaluation.playing import DecodedPolicy, Decoding, MaskedModel
from edge_llm_baselines.allocation.oracle_decoding import decode, values_space
from edge_llm_baselines.levels.decoding import decode_levels, level_values_space
from edge_llm_baselines.playing.play import MakePolicy, Policy
from edge_llm_env.envs.batch_selection.environment import BatchSelectionEnv, BatchSelectionVectorEnv
from edge_llm_env.envs.service_level.environment import ServiceLevelEnv, ServiceLevelVectorEnv
from edge_llm_env.support.naming import one_of, shown

ALGORITHMS = {
    name: getattr(library, name)
    for library, names in (
        (stable_baselines3, ("A2C", "DDPG", "DQN", "PPO", "SAC", "TD3")),
        (sb3_contrib, ("ARS", "CrossQ", "MaskablePPO", "QRDQN", "TQC", "TRPO")),
    )
    for name in names
}
"""Classes that a zip of Stable-Baselines3 can be of."""


class DoesNotPlayError(ValueError):
    """A policy is not for an environment or a scenario; the message says why."""


class Rescaled:
    """A model of actions in -1..1 as a policy of actions in 0..1."""

    def __init__(self, model: BaseAlgorithm) -> None:
        self._model = model

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.floating], Any]:
        """The model's actions."""
        actions, state = self._model.predict(observation, state, episode_start, deterministic)
        return np.clip((actions + 1.0) / 2.0, 0.0, 1.0), state


def acting_model(model: BaseAlgorithm) -> MakePolicy:
    """What makes a model the policy of an environment, with masks where it knows of masks.

    In `BatchSelection-v0` a Box of one entry per slot is values for oracle decoding, in `ServiceLevel-v0` one of an
    entry per slot and per variant is values and logits for level decoding. Actions in -1..1 are those of an
    environment rescaled with `RescaleAction` where values or its own begin at 0. Raises DoesNotPlayError where its
    spaces are of another environment.
    """
    actions = model.action_space

    def make(env: Any) -> Policy:
        refuse_other_spaces(model.observation_space, actions, env)
        decoding = decoding_of(actions, env)
        space = getattr(env, "single_action_space", env.action_space)
        from_zero = decoding is decode or (isinstance(space, spaces.Box) and bool(np.all(space.low == 0.0)))
        rescaled = from_zero and isinstance(actions, spaces.Box) and bool(np.all(actions.low == -1.0))
        policy: Policy = Rescaled(model) if rescaled else MaskedModel(model, env)
        return policy if decoding is None else DecodedPolicy(policy, env, decoding)

    return make


def model_file(path: Path, algorithm: str | None = None, *, unpickle: bool = False) -> MakePolicy:
    """The same of a model that Stable-Baselines3 saved, where `unpickle` allows it: unpickling can run any code.

    `algorithm` is a name of ALGORITHMS; without it MaskablePPO where actions are masked and PPO elsewhere. Raises
    ValueError for another name, for a file that is not there or is damaged, for one without a model, and without
    `unpickle`.
    """
    if algorithm is not None:
        one_of("policy's class", algorithm, ALGORITHMS)
    if not path.is_file():
        raise ValueError(f"policy = {shown(str(path))}: there is no such file")
    refuse_unpickling(str(path), unpickle)
    try:
        saved, _, _ = load_from_zip_file(path, device="cpu")
    except (ValueError, KeyError, BadZipFile, UnpicklingError, EOFError, RuntimeError) as error:
        raise ValueError(
            f"policy = {shown(str(path))}: is no model of Stable-Baselines3, or damaged: {error}"
        ) from None
    if saved is None or not {"observation_space", "action_space"} <= saved.keys():
        raise ValueError(f"{path}: holds the parameters of a model but not the model")

    def make(env: Any) -> Policy:
        # before the model is made, which fails where its class is another
        refuse_other_spaces(saved["observation_space"], saved["action_space"], env)
        name = algorithm or ("MaskablePPO" if hasattr(env.unwrapped, "action_masks") else "PPO")
        return acting_model(ALGORITHMS[name].load(path, device="cpu"))(env)

    return make


def refuse_unpickling(policy: str, unpickle: bool) -> None:
    """Raise ValueError for a zip of Stable-Baselines3 that nobody said may be unpickled."""
    if not unpickle:
        raise ValueError(
            f"policy = {shown(str(policy))}: a .zip is unpickled, which can run any code: --unpickle (unpickle=True) "
            "allows it where you trust who made it"
        )


def refuse_other_spaces(seen: spaces.Space, actions: spaces.Space, env: VectorEnv) -> None:
    """Raise DoesNotPlayError where a model's spaces are not those of an environment."""
    space = getattr(env, "single_action_space", env.action_space)
    observed = getattr(env, "single_observation_space", env.observation_space)
    if seen.shape != observed.shape:
        raise DoesNotPlayError(f"it sees observations of shape {seen.shape}, here they are {observed.shape}")
    same = type(actions) is type(space) and actions.shape == space.shape
    if isinstance(space, spaces.Discrete) and isinstance(actions, spaces.Discrete):
        same = actions.n == space.n
    if not same and decoding_of(actions, env) is None:
        raise DoesNotPlayError(f"its actions are {actions}, here they are {space}")


def decoding_of(actions: spaces.Space, env: Any) -> Decoding | None:
    """What makes actions of an environment of a model's, where these are values to be decoded."""
    if not isinstance(actions, spaces.Box):
        return None
    inner = env.unwrapped
    if isinstance(inner, BatchSelectionEnv | BatchSelectionVectorEnv):
        return decode if actions.shape == values_space(inner.simulation.slots).shape else None
    if not isinstance(inner, ServiceLevelEnv | ServiceLevelVectorEnv):
        return None
    return decode_levels if actions.shape == level_values_space(inner.simulation).shape else None
