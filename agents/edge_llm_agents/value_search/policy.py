"""A value function as a policy: observations in, values of the visible requests out, for oracle decoding."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import DecodedPolicy
from edge_llm_agents.value_search.features import COLUMNS, request_features
from edge_llm_agents.value_search.functions import Parameters, ValueFunction
from edge_llm_agents.value_search.seen import Scales
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import shown


class ValuePolicy:
    """What SB3 calls a policy, for `baselines.OracleDecoding` and `VectorOracleDecoding`.

    It decides by the observation alone; the scenario only tells in which units that is. `parameters` has shape (size,),
    or (P, size) for a population, of which each has an equal share of consecutive rows.
    """

    env_id = BATCH_SELECTION
    card_fields: ClassVar[dict[str, type]] = {"width": int, "features": list, "levels": int}
    """What its cards have beside those of every policy, and the types in JSON."""

    def __init__(self, function: ValueFunction, parameters: NDArray, scenario: Scenario) -> None:
        self.function = function
        self.parameters: Parameters = np.atleast_2d(np.asarray(parameters, dtype=np.float32))
        if self.parameters.shape[1:] != (function.size,):
            raise ValueError(f"parameters of shape {parameters.shape}: must have {function.size} per member")
        self.scenario = scenario
        self._scales = Scales.of(scenario)

    @classmethod
    def from_card(cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario) -> ValuePolicy:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        if unknown := [shown(name) for name in description["features"] if name not in tuple(COLUMNS)]:
            raise ValueError(
                f"is for features that there are not ({', '.join(unknown[:3])}), must be trained again with some of "
                f"{shown(list(COLUMNS))}"
            )
        function = ValueFunction(description["width"], description["features"], description["levels"])
        return cls(function, function.join(arrays), scenario)

    def description(self) -> dict[str, Any]:
        """What a card says of the function."""
        return {
            "width": self.function.width,
            "features": list(self.function.features),
            "levels": self.function.levels,
        }

    def arrays(self) -> dict[str, NDArray]:
        """The weights by name; raises ValueError for a population."""
        if len(self.parameters) != 1:
            raise ValueError(f"policy: has {len(self.parameters)} members, must have 1")
        return {name: array.copy() for name, array in self.function.split(self.parameters[0]).items()}

    def acting(self, env: VectorEnv) -> Policy:
        """The policy of the actions of its environment: batches, by oracle decoding."""
        return DecodedPolicy(self, env)

    def for_scenario(self, scenario: Scenario) -> ValuePolicy:
        """The same parameters in another scenario."""
        return ValuePolicy(self.function, self.parameters, scenario)

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.float32], Any]:
        """Values in 0..1, (Q,) or (rows, Q); `state` passes through unchanged."""
        rows = np.atleast_2d(observation)
        if len(rows) % len(self.parameters):
            raise ValueError(
                f"observation of shape {observation.shape}: must have a multiple of {len(self.parameters)} rows"
            )
        values = self.function.values(self.parameters, *request_features(rows, self._scales, self.function.features))
        return (values[0] if observation.ndim == 1 else values), state
