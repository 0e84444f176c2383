"""A value function's parameters as actions, so that SB3's algorithms explore in them and not in single decisions."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from edge_llm_agents.value_search.features import request_features
from edge_llm_agents.value_search.functions import ValueFunction
from edge_llm_agents.value_search.seen import Scales
from edge_llm_baselines.allocation.oracle_decoding import VectorOracleDecoding
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.envs.observation.features import CONTEXT_FEATURES, slot_feature, split_observation
from edge_llm_env.scenarios.schema import Scenario

SPREAD = 0.3
"""How far an action of 1 takes a parameter from where it starts."""

QUEUE_FEATURES = ("visible", "load", "urgent_load", "can_wait")
"""What is seen of a queue: used slots, Σ t/T_C over 4 (all and of those that cannot wait), and the part that can."""

_VISIBLE = [feature.name for feature in CONTEXT_FEATURES].index("visible")


class ParameterValues:
    """Actions in -1..1, a parameter of a linear value function each, to values of the requests.

    An action of zeros is the look-ahead rule of `discount`.
    """

    def __init__(self, scenario: Scenario, discount: float) -> None:
        self.function = ValueFunction()
        self._start = self.function.starting_point(discount)
        self._scales = Scales.of(scenario)

    def values(self, observations: NDArray[np.float32], actions: NDArray) -> NDArray[np.float32]:
        """Values (rows, Q) of observations (rows, length) and actions (rows, parameters)."""
        parameters = (self._start + SPREAD * np.asarray(actions)).astype(np.float32)
        return self.function.values(parameters, *request_features(observations, self._scales))


class ParameterActions(VectorWrapper):
    """The vector form of `EdgeLLM/BatchSelection-v0`, acted on by parameters, seen by what `queue_features` tell."""

    def __init__(self, env: VectorEnv, scenario: Scenario, discount: float) -> None:
        super().__init__(VectorOracleDecoding(env))
        self._values = ParameterValues(scenario, discount)
        size = self._values.function.size
        self.single_action_space = spaces.Box(-1.0, 1.0, shape=(size,), dtype=np.float32)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.single_observation_space = spaces.Box(0.0, 1.0, shape=(len(QUEUE_FEATURES),), dtype=np.float32)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self._observations = np.zeros(0, dtype=np.float32)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin; see `EpochVectorEnv.reset`."""
        self._observations, infos = self.env.reset(seed=seed, options=options)
        return queue_features(self._observations), infos

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """One epoch with the values that each row's parameters give its requests."""
        values = self._values.values(self._observations, actions)
        self._observations, rewards, terminated, truncated, infos = self.env.step(values)
        for row in np.flatnonzero(infos.get("_final_obs", False)):
            infos["final_obs"][row] = queue_features(infos["final_obs"][row][None])[0]
        return queue_features(self._observations), rewards, terminated, truncated, infos


class ParameterPolicy:
    """A policy that was trained on `ParameterActions`, as one of values for oracle decoding."""

    def __init__(self, policy: Policy, scenario: Scenario, discount: float) -> None:
        self._policy = policy
        self._values = ParameterValues(scenario, discount)

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """Values (rows, Q) of observations (rows, length)."""
        actions, state = self._policy.predict(queue_features(observation), state, episode_start, deterministic)
        return self._values.values(observation, actions), state


def queue_features(observations: NDArray[np.float32]) -> NDArray[np.float32]:
    """QUEUE_FEATURES of observations (rows, length), (rows, 4) in 0..1."""
    context, _ = split_observation(observations)
    compute, can_wait = slot_feature(observations, "compute"), slot_feature(observations, "can_wait")
    used = np.maximum(slot_feature(observations, "present").sum(axis=1), 1.0)
    columns = (
        context[:, _VISIBLE],
        compute.sum(axis=1) / 4.0,
        (compute * (1.0 - can_wait)).sum(axis=1) / 4.0,
        can_wait.sum(axis=1) / used,
    )
    return np.clip(np.stack(columns, axis=1), 0.0, 1.0).astype(np.float32)
