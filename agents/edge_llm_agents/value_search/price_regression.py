"""A value function from the multipliers of hindsight: what waiting was worth, as a function of what can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.value_search.features import FEATURES, request_features
from edge_llm_agents.value_search.functions import ValueFunction
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_agents.value_search.seen import Scales
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload

RIDGE = 1e-3
"""Weight of the squares of the parameters, relative to the number of rows: features are nearly collinear."""


def price_policy(scenario: Scenario, discount: float, episodes: int, seed: int) -> ValuePolicy:
    """Fit what waiting is worth to hindsight's multipliers, by least squares, on that many demonstration workloads.

    A multiplier μ (`edge_llm_baselines.hindsight.lagrangian`) prices a request over its whole stay: in hindsight
    serving it now is worth 1 - μ. The states are those that the look-ahead rule of `discount` comes into.
    """
    workloads = draw_workloads(scenario, episodes, seed, Stream.DEMONSTRATION)
    solver = LagrangianHindsight(block_nodes=0, seed=seed)
    prices = [solver.solve(EpisodeProblem.of_workload(scenario, one)).prices for one in workloads]
    function = ValueFunction()
    start = function.starting_point(discount)
    rule = ValuePolicy(function, start, scenario)
    features, targets = priced_requests(rule, scenario, workloads, [one for one in prices if one is not None])
    return ValuePolicy(function, least_squares(features, targets), scenario)


def priced_requests(
    policy: ValuePolicy, scenario: Scenario, workloads: Sequence[Workload], prices: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Features (n, F) of every request in every epoch that a policy meets it in, and its price (n,)."""
    env = vector_of(policy.env_id, scenario, workloads)
    pricing = _Pricing(policy, env, prices)
    for _ in play(env, pricing, workloads=workloads):
        pass
    env.close()
    return np.concatenate(pricing.seen).astype(np.float64), np.concatenate(pricing.priced)


class _Pricing:
    """Notes, before each step of a policy of values, the features of the requests in the slots and their prices."""

    def __init__(self, policy: ValuePolicy, env: Any, prices: Sequence[NDArray[np.float64]]) -> None:
        self.seen: list[NDArray] = []
        self.priced: list[NDArray[np.float64]] = []
        self._simulation: Simulation = env.unwrapped.simulation
        self._scales, self._prices, self._acting = Scales.of(policy.scenario), prices, policy.acting(env)

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The policy's batches."""
        features, present = request_features(observation, self._scales, FEATURES)
        for row, of_request in enumerate(self._prices):
            slots = np.flatnonzero(present[row])
            self.seen.append(features[:, row, slots].T)
            self.priced.append(of_request[self._simulation.state.slot_request[row, slots]])
        return self._acting.predict(observation, state, episode_start, deterministic)


def least_squares(features: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (F,) that minimise Σ (φ·w - target)² + RIDGE·n·|w|²."""
    gram = features.T @ features + RIDGE * len(features) * np.eye(features.shape[1])
    return np.asarray(np.linalg.solve(gram, features.T @ targets), dtype=np.float64)
