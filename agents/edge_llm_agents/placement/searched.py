"""Placement that is found by search, as a policy: what a load is worth follows from parameters and an observation."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.placement.demand import demand_of_rows, shown_arrivals
from edge_llm_agents.placement.function import SPANS_EPOCHS, PlacementFunction
from edge_llm_agents.placement.policy import AHEAD, LearnedPlacement, ObservedForecast
from edge_llm_agents.placement.worth import worthy_loads_of_rows
from edge_llm_baselines.nodes.placement.policy import capacities_of, holdings_of, with_wishes
from edge_llm_baselines.nodes.policy import networks_of
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.calling import direct


class SearchedPlacement:
    """What SB3 calls a policy, for `MultiNode-v0` where models are placed, once it acts on an environment (`acting`).

    Nodes load what is worth most, as long as that is enough (`worthy_loads_of_rows`), and bid alike for all requests.
    `parameters` has shape (size,), or (P, size) for a population, of which each has an equal share of consecutive rows.
    `forecaster` is there where the function sees a forecast; of it only the shares that it expects are used.

    Raises ValueError for parameters of another size, and a forecaster that is missing.
    """

    env_id = MULTI_NODE
    card_fields: ClassVar[dict[str, type]] = {"sees": str}
    """What its cards have beside those of every policy, and the types in JSON."""

    def __init__(
        self,
        function: PlacementFunction,
        parameters: NDArray,
        scenario: Scenario,
        forecaster: LearnedPlacement | None = None,
    ) -> None:
        self.function, self.scenario, self.forecaster = function, scenario, forecaster
        self.parameters = np.atleast_2d(np.asarray(parameters, dtype=np.float64))
        if self.parameters.shape[1:] != (function.size,):
            raise ValueError(f"parameters of shape {np.shape(parameters)}: must have {function.size} per member")
        if function.sees == "forecast" and forecaster is None:
            raise ValueError("forecaster = None: must be one, the function sees what is expected to arrive")

    @classmethod
    def from_card(
        cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario
    ) -> SearchedPlacement:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        function = PlacementFunction(description["sees"], scenario)
        others = {name: array for name, array in arrays.items() if name not in function.shapes}
        own = {name: array for name, array in arrays.items() if name in function.shapes or function.sees != "forecast"}
        forecaster = LearnedPlacement(others, AHEAD, 0.0, scenario) if function.sees == "forecast" else None
        return cls(function, function.join(own), scenario, forecaster)

    def description(self) -> dict[str, Any]:
        """What a card says of the environment and of what is seen."""
        return {"environment": self.env_id, "sees": self.function.sees}

    def arrays(self) -> dict[str, NDArray]:
        """The parameters by name, and the forecaster's; raises ValueError for a population."""
        if len(self.parameters) != 1:
            raise ValueError(f"policy: has {len(self.parameters)} members, must have 1")
        own = {name: array.copy() for name, array in self.function.split(self.parameters[0]).items()}
        return own if self.forecaster is None else own | self.forecaster.arrays()

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of an environment."""
        return _Acting(self, env)

    def for_scenario(self, scenario: Scenario) -> SearchedPlacement:
        """The same parameters in another scenario of as many cells and classes."""
        return self.from_card(self.description(), self.arrays(), scenario)


class _Acting:
    """Searched placement on an environment, single or vector."""

    def __init__(self, searched: SearchedPlacement, env: Any) -> None:
        networks = networks_of(env)
        (self._simulation,) = {id(one): one for one, _ in networks}.values()
        members = len(searched.parameters)
        if len(networks) % members:
            raise ValueError(f"env of {len(networks)} rows: must have a multiple of {members}, the policy's members")
        self._numbers = searched.function.of_rows(searched.parameters, len(networks))
        self._forecast = None if searched.forecaster is None else ObservedForecast(searched.forecaster)
        self._capacity, self._serves, _ = capacities_of(self._simulation)
        params = self._simulation.params
        self._node = np.repeat(np.arange(params.cells), params.modules)

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.float32], Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        simulation, numbers = self._simulation, self._numbers
        held, lag = holdings_of(simulation)
        asked = self._asked_for(np.atleast_2d(observation))
        demand = np.ascontiguousarray(np.stack([asked[:, :, serves].sum(axis=2) for serves in self._serves], axis=2))
        wanted = direct(worthy_loads_of_rows)(
            demand,
            held,
            lag,
            self._node,
            self._capacity,
            numbers["spans"],
            numbers["keeps"][:, 0].copy(),
            np.abs(numbers["rooms"][:, 0]),
        )
        bids = np.zeros((len(held), simulation.servers * simulation.slots), dtype=np.float32)
        actions = with_wishes(bids, simulation, held, wanted)
        return (actions[0] if observation.ndim == 1 else actions), state

    def _asked_for(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """Requests per epoch that are counted on, (rows, spans, K)."""
        numbers = self._numbers
        if self._forecast is None:
            recent, ages = shown_arrivals(observations, self._simulation.params)
            return direct(demand_of_rows)(recent, ages, numbers["stays"], numbers["comes"], numbers["followers"])[
                :, None
            ]
        self._forecast.observations = observations
        expected = self._forecast.expected(self._simulation, AHEAD)
        return np.stack([expected[:, first:last].mean(axis=1) for first, last in SPANS_EPOCHS], axis=1)
