"""What a solver or an allocation serves when it decides every epoch of an episode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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


def served_by(solver: Solver, scenario: Scenario, workloads: Sequence[Workload]) -> NDArray[np.int64]:
    """(E,) requests served on each of E tapes, in `EdgeLLM/BatchSelection-v0`. Raises ValueError for no tape."""
    return _served("EdgeLLM/BatchSelection-v0", lambda env: EpochPolicy(solver, env), scenario, workloads)


def served_by_allocation(
    env_id: str, allocation: Allocation, scenario: Scenario, workloads: Sequence[Workload]
) -> NDArray[np.int64]:
    """(E,) requests served on each of E tapes, in an environment of allocations. Raises ValueError for no tape."""
    return _served(env_id, lambda env: AllocationPolicy(allocation, env), scenario, workloads)


def _served(
    env_id: str, policy_for: Callable[[VectorEnv], Any], scenario: Scenario, workloads: Sequence[Workload]
) -> NDArray[np.int64]:
    if not workloads:
        raise ValueError("workloads: must have at least one tape")
    env = gym.make_vec(
        env_id,
        num_envs=len(workloads),
        vectorization_mode="vector_entry_point",
        scenario=scenario,
        autoreset_mode=AutoresetMode.DISABLED,
    )
    policy = policy_for(env)
    observations, infos = env.reset(options={"workloads": list(workloads)})
    for _ in range(scenario.epoch.episode_epochs):
        actions, _ = policy.predict(observations)
        observations, _, _, _, infos = env.step(actions)
    env.close()
    return infos["served"]
