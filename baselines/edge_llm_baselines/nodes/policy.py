"""Rules of several nodes as policies, and the threshold of offloading tuned."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.networks import bids_for
from edge_llm_baselines.nodes.epoch import NetworkEpoch, network_epoch
from edge_llm_baselines.nodes.rules import (
    joint_optimum,
    least_loaded,
    most_slack_first,
    nearest_node,
    offload_at_overload,
    strongest_channel,
)
from edge_llm_env.envs.multi_node.environment import MultiNodeEnv
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import shown
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload

NetworkRule = Callable[[NetworkEpoch], NDArray[np.int64]]

RULES: dict[str, tuple[str, NetworkRule]] = {
    "joint-optimum": ("joint optimum of the epoch", joint_optimum),
    "nearest": ("nearest node alone", nearest_node),
    "strongest": ("strongest channel", strongest_channel),
    "least-loaded": ("least loaded", least_loaded),
    "most-slack": ("greedy by slack", most_slack_first),
}
"""By key: the name in tables, and the rule. Those with numbers, and GAH, are not among them."""

THRESHOLDS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Loads to try: nodes share work among those who are admitted, so that a load of more than 1 may still fit."""

TUNING_EPISODES = 4
"""Workloads that a threshold is tuned on."""


class NetworkPolicy:
    """A rule in the environment that it is made for: it reads the epoch from it, and bids 1 where a node is asked.

    Raises ValueError for an environment that is not of several nodes.
    """

    @checked
    def __init__(self, rule: NetworkRule, env: Any) -> None:
        network_of(env)  # raises where there is none
        self._rule = rule
        self._env = env

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.float32], Any]:
        """Bids of the present epoch; `state` passes through unchanged."""
        simulation = network_of(self._env)
        return bids_for(simulation, self._rule(network_epoch(simulation))), state


class GahPolicy:
    """Every server bids 1 for all: what the environment's decoding, GAH, serves by itself, and no model moves."""

    def __init__(self, env: Any) -> None:
        self._entries = env.action_space.shape[-1]

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.float32], Any]:
        """Bids of 1, for observations of shape (length,) or (rows, length); `state` passes through unchanged.

        Nothing is wished for more than what is held where all is wished for alike.
        """
        return np.ones((*observation.shape[:-1], self._entries), dtype=np.float32), state


def network_of(env: Any) -> NetworkSimulation:
    """The simulated network behind an environment; ValueError if there is none."""
    simulation = getattr(getattr(env, "unwrapped", None), "simulation", None)
    if not isinstance(simulation, NetworkSimulation):
        raise ValueError(f"env = {shown(env)}: must be an environment of several nodes")
    return simulation


def tune_threshold(scenario: Scenario, seed: int = 0) -> float:
    """The threshold of THRESHOLDS by which `offload_at_overload` serves most on `TUNING_EPISODES` workloads, the
    smallest of equal ones. Equal seeds, equal thresholds.
    """
    workloads = draw_workloads(scenario, TUNING_EPISODES, seed, Stream.TUNING)
    env = MultiNodeEnv(scenario)
    served = [
        sum(served_by(partial(offload_at_overload, threshold=threshold), env, one) for one in workloads)
        for threshold in THRESHOLDS
    ]
    return THRESHOLDS[int(np.argmax(served))]


def served_by(rule: NetworkRule, env: MultiNodeEnv, workload: Workload) -> int:
    """Requests that a rule serves on a workload."""
    policy = NetworkPolicy(rule, env)
    observation, _ = env.reset(options={"workload": workload})
    truncated = False
    while not truncated:
        observation, _, _, truncated, info = env.step(policy.predict(observation)[0])
    return int(info["served"])
