"""A learned forecast with a plan for each module, as a policy of `EdgeLLM/Scaling-v0`."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.racks.forecast import Forecast, feature_count, seen
from edge_llm_baselines.playing.play import Policy
from edge_llm_baselines.racks.economics import economics
from edge_llm_baselines.racks.planning import plan_rows
from edge_llm_env.envs.suite import SCALING
from edge_llm_env.rack.params import rack_params
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct


class LearnedRack:
    """What SB3 calls a policy, for `Scaling-v0`: it decides by the observation alone.

    What load is to come is foretold by weights that were learned, and each module planned for by
    `edge_llm_baselines.racks.planning`, as if loads were normal with `caution` times the forecast's deviation.

    Groups stay of the size that an episode begins with.

    Raises ValueError for weights of another shape than the scenario's observations ask for.
    """

    env_id = SCALING
    card_fields: ClassVar[dict[str, type]] = {"horizon_epochs": int}
    """What its cards have beside those of every policy, and the types in JSON."""

    def __init__(self, forecast: Forecast, caution: float, scenario: Scenario) -> None:
        self.forecast, self.caution, self.scenario = forecast, caution, scenario
        self._params = rack_params(scenario)
        self._money = economics(self._params)
        horizon = len(forecast.deviation)
        if forecast.weights.shape != (feature_count(scenario), horizon):
            raise ValueError(
                f"weights of shape {forecast.weights.shape}: must be {(feature_count(scenario), horizon)} in "
                f"{scenario.name}"
            )

    @classmethod
    def from_card(cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario) -> LearnedRack:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        if set(arrays) != {"weights", "deviation", "caution"} or arrays["caution"].shape != (1,):
            raise ValueError(f"its arrays are {sorted(arrays)}: must be caution, of one number, deviation and weights")
        if arrays["deviation"].shape != (description["horizon_epochs"],):
            raise ValueError(f"its horizon_epochs = {description['horizon_epochs']}: must be that of its deviation")
        return cls(Forecast(arrays["weights"], arrays["deviation"]), float(arrays["caution"][0]), scenario)

    def description(self) -> dict[str, Any]:
        """What a card says of the environment and the forecast."""
        return {"environment": self.env_id, "horizon_epochs": len(self.forecast.deviation)}

    def arrays(self) -> dict[str, NDArray]:
        """The numbers by name."""
        return {
            "weights": self.forecast.weights.copy(),
            "deviation": self.forecast.deviation.copy(),
            "caution": np.array([self.caution], dtype=np.float32),
        }

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of its environment: itself."""
        return self

    def for_scenario(self, scenario: Scenario) -> LearnedRack:
        """The same numbers in another scenario; raises ValueError where its observations are others."""
        return LearnedRack(self.forecast, self.caution, scenario)

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.float32], Any]:
        """Actions in -1..1, (1,) or (rows, 1), or (2,) or (rows, 2); `state` passes through unchanged."""
        shown = seen(np.atleast_2d(observation), self.scenario, self._params)
        mean = np.zeros((len(shown.on), len(self.forecast.deviation)))
        for feature, row in zip(shown.features.T, self.forecast.weights.astype(np.float64), strict=True):
            mean += feature[:, None] * row  # not a matrix product, whose sums depend on how many rows there are
        deviation = np.tile(self.caution * self.forecast.deviation.astype(np.float64), (len(mean), 1))
        mean[:, 0], deviation[:, 0] = shown.waiting, 0.0
        wanted = np.zeros(len(mean), dtype=np.int64)
        money = self._money
        direct(plan_rows)(
            mean, deviation, shown.left_epochs, money.full_value, money.idle_price, money.start_epochs, wanted
        )
        entries = [(wanted - shown.on) / self._params.modules]
        if len(self._params.group_sizes) > 1:
            entries.append(np.zeros(len(wanted)))
        actions = np.stack(entries, axis=1).astype(np.float32)
        return (actions[0] if observation.ndim == 1 else actions), state
