"""A learned allocation as a policy: observations in, the environment's own actions out, no solver in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from edge_llm_agents.allocations import modules
from edge_llm_agents.allocations.forecast import class_features, expected_shares
from edge_llm_agents.allocations.function import AllocationFunction
from edge_llm_agents.value_search.features import request_features
from edge_llm_agents.value_search.functions import Parameters
from edge_llm_agents.value_search.seen import Scales
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.envs.bandwidth.environment import FORMS as BANDWIDTH_FORMS
from edge_llm_env.envs.compute.environment import MECHANISM as COMPUTE_MECHANISM
from edge_llm_env.envs.joint.environment import FORMS as JOINT_FORMS
from edge_llm_env.envs.mechanism import Mechanism
from edge_llm_env.envs.suite import BANDWIDTH, COMPUTE, JOINT
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import one_of

MECHANISMS: dict[str, Mechanism] = {
    BANDWIDTH: BANDWIDTH_FORMS["values"],
    COMPUTE: COMPUTE_MECHANISM,
    JOINT: JOINT_FORMS["values"],
}
"""How an agent acts in the environments that allocations are learned for, by their ids."""


class LearnedAllocation:
    """What SB3 calls a policy, for `Bandwidth-v0`, `Compute-v0` and `Joint-v0` with their default actions.

    It decides by the observation alone; the scenario only tells its units and layout. `parameters` has shape (size,),
    or (P, size) for a population, of which each has an equal share of consecutive rows.

    `forecast` has the weights of `edge_llm_agents.allocations.forecast` where the function sees what is expected.

    Raises ValueError for another environment, parameters of another size, and a forecast that is missing.
    """

    card_fields: ClassVar[dict[str, type]] = {"width": int, "features": list, "module_features": list}
    """What its cards have beside those of every policy, and the types in JSON."""

    def __init__(
        self,
        env_id: str,
        function: AllocationFunction,
        parameters: NDArray,
        scenario: Scenario,
        forecast: NDArray[np.float32] | None = None,
    ) -> None:
        self.env_id, self.function, self.scenario = env_id, function, scenario
        self.parameters: Parameters = np.atleast_2d(np.asarray(parameters, dtype=np.float32))
        if self.parameters.shape[1:] != (function.size,):
            raise ValueError(f"parameters of shape {parameters.shape}: must have {function.size} per member")
        if function.foresees and forecast is None:
            raise ValueError("forecast = None: must be weights, the function sees what is expected to arrive")
        self.forecast = forecast
        self._mechanism = mechanism_of(env_id)
        self._scales = Scales.of(scenario)

    @classmethod
    def from_card(
        cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario
    ) -> LearnedAllocation:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        env_id = description["environment"]
        said = {name: description[name] for name in ("width", "features", "module_features")}
        function = allocation_function(env_id, scenario, **said)
        searched = {name: array for name, array in arrays.items() if name != "forecast"}
        return cls(env_id, function, function.join(searched), scenario, arrays.get("forecast"))

    def description(self) -> dict[str, Any]:
        """What a card says of the environment and the function."""
        return {"environment": self.env_id} | self.function.description()

    def arrays(self) -> dict[str, NDArray]:
        """The weights by name; raises ValueError for a population."""
        if len(self.parameters) != 1:
            raise ValueError(f"policy: has {len(self.parameters)} members, must have 1")
        found = {name: array.copy() for name, array in self.function.split(self.parameters[0]).items()}
        return found if self.forecast is None else found | {"forecast": self.forecast.copy()}

    def acting(self, env: VectorEnv) -> Policy:
        """The policy of the actions of its environment: itself."""
        return self

    def for_scenario(self, scenario: Scenario) -> LearnedAllocation:
        """The same parameters in another scenario; raises ValueError where that has another number of variants."""
        return self.from_card(self.description(), self.arrays(), scenario)

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.float32], Any]:
        """Actions in -1..1, (length,) or (rows, length); `state` passes through unchanged."""
        rows = np.atleast_2d(observation)
        if len(rows) % len(self.parameters):
            raise ValueError(
                f"observation of shape {observation.shape}: must have a multiple of {len(self.parameters)} rows"
            )
        parts = []
        arrays = self.function.split(self.parameters)
        values = self.function.values
        if values is not None:
            of_values = self.parameters[:, : values.size]  # they come first
            extent = self._mechanism.extent(self.scenario)
            seen = request_features(rows, self._scales, values.features, extent)
            parts.append(values.values(of_values, *seen) - np.float32(1.0))
        if self.function.splits:
            parts.append(np.clip(np.repeat(arrays["split"], len(rows) // len(self.parameters), axis=0), -1.0, 1.0))
        if self.function.variants:
            variants = modules.SeenVariants(rows, self._mechanism.observation, self.scenario, self._expected(rows))
            features = np.stack([modules.COLUMNS[name](variants) for name in self.function.module_features])
            each = len(rows) // len(self.parameters)
            bias, weights = (np.repeat(arrays[name], each, axis=0) for name in ("module_bias", "module_weights"))
            parts.append(modules.entries_of(bias, weights, features))
        actions = np.concatenate(parts, axis=1)
        return (actions[0] if observation.ndim == 1 else actions), state

    def _expected(self, rows: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Shares of the classes that are expected to arrive, (spans, rows, K), where the function sees them."""
        if self.forecast is None:
            return None
        features = class_features(rows, self._mechanism.observation, self.scenario)
        return expected_shares(self.forecast, features, self.function.classes)


def mechanism_of(env_id: str) -> Mechanism:
    """How an agent acts in an environment that allocations are learned for; raises ValueError for another."""
    return MECHANISMS[one_of("env_id", env_id, MECHANISMS)]


def allocation_function(
    env_id: str,
    scenario: Scenario,
    *,
    width: int = 0,
    features: Sequence[str] = (),
    module_features: Sequence[str] | None = None,
) -> AllocationFunction:
    """The function of the actions of an environment in a scenario."""
    layout = mechanism_of(env_id).action
    return AllocationFunction(layout, scenario, width=width, features=features, module_features=module_features)
