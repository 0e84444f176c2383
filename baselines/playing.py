"""What policies serve, and what they use, when they decide every epoch of an episode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

import edge_llm_env  # noqa: F401 (registers the ids)
from baselines.bandwidth import Allocation, AllocationPolicy
from baselines.policy import EpochPolicy
from baselines.problem import Solver
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.tape import Workload


class Policy(Protocol):
    """What decides every epoch with one action."""

    def predict(self, observation: NDArray[np.float32]) -> tuple[NDArray, Any]:
        """Actions, and a state that is passed over."""
        ...


class Played(NamedTuple):
    """A policy's results on E tapes."""

    served: NDArray[np.int64]
    """(E,) requests served."""
    settled: NDArray[np.int64]
    """(E,) requests served, expired or rejected."""
    beyond_visible: NDArray[np.int64]
    """(E,) requests that waited beyond the visible slots, summed over epochs."""
    utilisation: NDArray[np.float64]
    """(E, uplink downlink memory compute) mean over the batches."""


def played(
    make_policy: Callable[[VectorEnv], Policy], env_id: str, scenario: Scenario, workloads: Sequence[Workload]
) -> Played:
    """A policy's results on every tape in an environment whose step is an epoch. Raises ValueError for no tape."""
    if not workloads:
        raise ValueError("workloads: must have at least one tape")
    env = gym.make_vec(
        env_id,
        num_envs=len(workloads),
        vectorization_mode="vector_entry_point",
        scenario=scenario,
        autoreset_mode=AutoresetMode.DISABLED,
    )
    policy = make_policy(env)
    observations, infos = env.reset(options={"workloads": list(workloads)})
    beyond_visible = np.zeros(len(workloads), dtype=np.int64)
    for _ in range(scenario.epoch.episode_epochs):
        beyond_visible += infos["beyond_visible"]
        actions, _ = policy.predict(observations)
        observations, _, _, _, infos = env.step(actions)
    env.close()
    return Played(
        infos["served"],
        infos["arrived"] - infos["pending"],
        beyond_visible,
        env.unwrapped.simulation.utilisation_mean(),  # type: ignore[attr-defined]
    )


def served_by(solver: Solver, scenario: Scenario, workloads: Sequence[Workload]) -> NDArray[np.int64]:
    """(E,) requests served on each of E tapes, in `EdgeLLM/BatchSelection-v0`. Raises ValueError for no tape."""
    return played(lambda env: EpochPolicy(solver, env), "EdgeLLM/BatchSelection-v0", scenario, workloads).served


def served_by_allocation(
    env_id: str, allocation: Allocation, scenario: Scenario, workloads: Sequence[Workload]
) -> NDArray[np.int64]:
    """(E,) requests served on each of E tapes, in an environment of allocations. Raises ValueError for no tape."""
    return played(lambda env: AllocationPolicy(allocation, env), env_id, scenario, workloads).served
