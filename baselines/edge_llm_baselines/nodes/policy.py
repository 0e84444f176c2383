"""Rules of several nodes as policies, and the threshold of offloading tuned."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.networks import bids_for, computes_one_batch
from edge_llm_baselines.nodes.epoch import NetworkEpoch, network_epoch, values_in_slots
from edge_llm_baselines.nodes.rules import joint_optimum, offload_at_overload
from edge_llm_baselines.playing.play import Policy, play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import shown
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload

NetworkRule = Callable[[NetworkEpoch], NDArray[np.int64]]

THRESHOLDS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Loads to try: nodes share work among those who are admitted, so that a load of more than 1 may still fit."""

TUNING_EPISODES = 4
"""Workloads that a threshold is tuned on."""


class NetworkPolicy:
    """A rule in the environment that it is made for, single or vector: it bids 1 where a server is asked.

    It reads the epoch from the environment, and leaves what nodes hold as it is. Raises ValueError for an environment
    that is not of several nodes.
    """

    @checked
    def __init__(self, rule: NetworkRule, env: Any) -> None:
        networks_of(env)  # raises where there is none
        self._rule = rule
        self._env = env

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.float32], Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        actions = np.stack(
            [bids_for(of, self._rule(network_epoch(of, row)), row) for of, row in networks_of(self._env)]
        )
        return (actions[0] if observation.ndim == 1 else actions), state


class GahPolicy:
    """Every server bids what a request is worth there, and the environment's decoding, GAH, does the rest.

    Raises ValueError for an environment that is not of several nodes.
    """

    @checked
    def __init__(self, env: Any) -> None:
        networks_of(env)
        self._env = env

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.float32], Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        actions = np.stack([gah_bids(simulation, row) for simulation, row in networks_of(self._env)])
        return (actions[0] if observation.ndim == 1 else actions), state


class JointOptimum:
    """The assignment worth most in every epoch (`joint_optimum`), with what nodes hold left as it is.

    Where a node's modules compute several batches at once, GAH in its place. Raises ValueError for an environment that
    is not of several nodes.
    """

    @checked
    def __init__(self, env: Any) -> None:
        simulation, _ = networks_of(env)[0]
        self._policy: Policy = NetworkPolicy(joint_optimum, env) if computes_one_batch(simulation) else GahPolicy(env)

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.float32], Any]:
        """Actions for observations of shape (length,) or (rows, length); `state` passes through unchanged."""
        return self._policy.predict(observation, state, episode_start, deterministic)


def gah_bids(simulation: NetworkSimulation, row: int) -> NDArray[np.float32]:
    """The action of bids by what requests are worth, which leaves what nodes hold; float32 of shape (S·Q + N·G,)."""
    bids = (2.0 * values_in_slots(simulation, row) - 1.0).astype(np.float32).ravel()
    return np.concatenate((bids, np.zeros(simulation.params.cells * simulation.params.variants, dtype=np.float32)))


def networks_of(env: Any) -> list[tuple[NetworkSimulation, int]]:
    """The rows of networks behind an environment, in order; ValueError if there are none."""
    inner = [getattr(one, "unwrapped", None) for one in getattr(env, "envs", [env])]
    simulations = [getattr(one, "simulation", None) for one in inner]
    if not simulations or not all(isinstance(one, NetworkSimulation) for one in simulations):
        raise ValueError(f"env = {shown(env)}: must be an environment of several nodes")
    return [(one, row) for one in simulations if one is not None for row in range(len(one.state.counters))]


def tune_threshold(scenario: Scenario, seed: int = 0) -> float:
    """The threshold of THRESHOLDS by which `offload_at_overload` earns most on `TUNING_EPISODES` workloads.

    The smallest of equal ones. Equal seeds, equal thresholds.
    """
    workloads = draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING)
    rules = [partial(offload_at_overload, threshold=one) for one in THRESHOLDS]
    earned = [earned_by(partial(NetworkPolicy, rule), scenario, workloads) for rule in rules]
    return THRESHOLDS[int(np.argmax(earned))]


def earned_by(make: Callable[[Any], Policy], scenario: Scenario, workloads: list[Workload]) -> float:
    """Rewards of a policy on workloads, in all."""
    env = vector_of(MULTI_NODE, scenario, workloads)
    try:
        return float(sum(step.reward.sum() for step in play(env, make(env), workloads=workloads)))
    finally:
        env.close()
