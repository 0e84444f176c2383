"""Learned placement as a policy: what will be asked for is predicted from what an observation shows of arrivals."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.networks.perceptrons import checked_arrays
from edge_llm_agents.placement.observed import observed_arrivals
from edge_llm_baselines.nodes.placement.policy import PlacementPolicy
from edge_llm_baselines.nodes.policy import networks_of
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.nodes.params import network_params
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.scenarios.schema import Scenario

AHEAD = 12
"""Epochs that are predicted, the first being the one that has just ended."""

LAYERS = 3
"""Of each cell's perceptron."""


class LearnedPlacement:
    """What SB3 calls a policy, for `MultiNode-v0` where models are placed, once it acts on an environment (`acting`).

    A perceptron for each cell predicts the shares of classes in its arrivals from those of the last epochs that the
    observation shows. Models are loaded as serves most of what is expected (`PlacementPolicy`), by a horizon (epochs)
    and the least gain of a load (requests).

    Raises ValueError for arrays that are not of the scenario's cells, classes and history.
    """

    env_id = MULTI_NODE
    card_fields: ClassVar[dict[str, type]] = {"horizon_epochs": int, "least_gain": float}
    """What its cards have beside those of every policy, and the types in JSON."""

    def __init__(
        self, arrays: dict[str, NDArray[np.float32]], horizon_epochs: int, least_gain: float, scenario: Scenario
    ) -> None:
        self.scenario, self.horizon_epochs, self.least_gain = scenario, horizon_epochs, least_gain
        if not 1 <= horizon_epochs <= AHEAD:
            raise ValueError(f"horizon_epochs = {horizon_epochs}: must be in 1..{AHEAD}")
        params = network_params(scenario)
        seen, foretold = params.history * params.classes, AHEAD * params.classes
        self._arrays = checked_arrays(arrays, params.cells, seen, foretold, LAYERS)

    @classmethod
    def from_card(cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario) -> LearnedPlacement:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        return cls(arrays, description["horizon_epochs"], description["least_gain"], scenario)

    def description(self) -> dict[str, Any]:
        """What a card says of the environment and the decoder."""
        return {
            "environment": self.env_id,
            "horizon_epochs": self.horizon_epochs,
            "least_gain": float(self.least_gain),
        }

    def arrays(self) -> dict[str, NDArray]:
        """The weights."""
        return dict(self._arrays)

    def acting(self, env: Any) -> Policy:
        """The policy of the actions of an environment."""
        return _Acting(self, env)

    def for_scenario(self, scenario: Scenario) -> LearnedPlacement:
        """The same weights in another scenario of as many cells, classes and epochs of history."""
        return LearnedPlacement(self._arrays, self.horizon_epochs, self.least_gain, scenario)

    def shares(self, arrivals: NDArray[np.float32]) -> NDArray[np.float64]:
        """Shares of each class in the arrivals of each cell, (N, AHEAD, K), of those of the last epochs, (H, N, K).

        The last epoch stands first.
        """
        return foretold_shares(self._arrays, arrivals.transpose(1, 0, 2).reshape(arrivals.shape[1], -1))


def foretold_shares(arrays: dict[str, NDArray[np.float32]], seen: NDArray[np.float32]) -> NDArray[np.float64]:
    """Shares of each class that perceptrons foretell, (N, AHEAD, K), the n-th of what it sees, (N, inputs).

    Of one row at a time, as sums of products of several depend on how many there are.
    """
    count, classes = len(seen), arrays[f"bias{LAYERS - 1}"].shape[1] // AHEAD
    shares = np.zeros((count, AHEAD, classes))
    for one, hidden in enumerate(seen):
        for layer in range(LAYERS):
            hidden = hidden @ arrays[f"weight{layer}"][one] + arrays[f"bias{layer}"][one]
            if layer < LAYERS - 1:
                hidden = np.maximum(hidden, 0.0)
        logits = hidden.reshape(AHEAD, classes).astype(np.float64)
        exponent = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares[one] = exponent / exponent.sum(axis=1, keepdims=True)
    return shares


class _Acting:
    """Learned placement on an environment, single or vector."""

    def __init__(self, learned: LearnedPlacement, env: Any) -> None:
        rows = len(networks_of(env))
        self._forecast = ObservedForecast(learned)
        horizon, least = np.full(rows, learned.horizon_epochs), np.full(rows, float(learned.least_gain))
        self._policy = PlacementPolicy(env, lambda scenario, count: self._forecast, horizon, least)

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.float32], Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        self._forecast.observations = np.atleast_2d(observation)
        return self._policy.predict(observation, state, episode_start, deterministic)


class ObservedForecast:
    """What learned placement expects of the observations that were seen last."""

    def __init__(self, learned: LearnedPlacement) -> None:
        self._learned = learned
        self.observations = np.zeros((0, 0), dtype=np.float32)

    def expected(self, simulation: NetworkSimulation, epochs: int) -> NDArray[np.float64]:
        """As `edge_llm_baselines.nodes.placement.forecasts.Forecast` says."""
        arrivals, _ = observed_arrivals(self.observations, simulation.params)
        per_epoch = np.array(
            [cell.workload.arrivals.mean_rate_per_s * cell.epoch.epoch_s for cell in simulation.scenario.cells]
        )
        return np.stack(
            [(per_epoch[:, None, None] * self._learned.shares(seen)[:, :epochs]).sum(axis=0) for seen in arrivals]
        )
