"""A value function from the multipliers of hindsight: what waiting was worth, as a function of what can be seen."""

from __future__ import annotations

from collections.abc import Sequence

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

import edge_llm_env  # noqa: F401 (registers the ids)
from edge_llm_agents.value_search.features import FEATURES, Scales, request_features
from edge_llm_agents.value_search.functions import ValueFunction
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_baselines import EpisodeProblem, LagrangianHindsight
from edge_llm_baselines.allocation.oracle_decoding import decode
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
    env = gym.make_vec(
        policy.env_id,
        num_envs=len(workloads),
        vectorization_mode="vector_entry_point",
        scenario=scenario,
        autoreset_mode=AutoresetMode.DISABLED,
    )
    simulation: Simulation = env.unwrapped.simulation  # type: ignore[attr-defined]
    observations, _ = env.reset(options={"workloads": list(workloads)})
    seen, priced = [], []
    for _ in range(scenario.epoch.episode_epochs):
        features, present = request_features(observations, Scales.of(scenario), FEATURES)
        for row, of_request in enumerate(prices):
            slots = np.flatnonzero(present[row])
            seen.append(features[:, row, slots].T)
            priced.append(of_request[simulation.state.slot_request[row, slots]])
        observations = env.step(decode(simulation, policy.predict(observations)[0].astype(np.float64)))[0]
    env.close()
    return np.concatenate(seen).astype(np.float64), np.concatenate(priced)


def least_squares(features: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (F,) that minimise Σ (φ·w - target)² + RIDGE·n·|w|²."""
    gram = features.T @ features + RIDGE * len(features) * np.eye(features.shape[1])
    return np.asarray(np.linalg.solve(gram, features.T @ targets), dtype=np.float64)
