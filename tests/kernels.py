"""Compiles what most tests need before they begin: python -m tests.kernels.

The workers of pytest-xdist meet the same kernels at the same time, and each would compile them. Here two processes
compile different ones, side by side; a kernel that is left out is compiled by the first test that calls it.
"""

from __future__ import annotations

import sys
from multiprocessing import get_context
from typing import Any

import gymnasium as gym
import numpy as np

import edge_llm_env
from edge_llm_baselines import BranchAndBound
from edge_llm_baselines.schedulers.clairvoyant.search import schedule_in_hindsight
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING, MULTI_NODE, SCALING
from edge_llm_env.registration import ENVIRONMENTS
from tests.edge_llm_baselines.solvers.instances import all_bound

OF_THEIR_OWN = (MULTI_NODE, CONTINUOUS_BATCHING, SCALING)
"""Environments whose kernels the others have no part of; the others begin with the same."""


def step_once(env_id: str, **options: Any) -> None:
    """Compile what both forms of an environment call."""
    scenario = edge_llm_env.load_scenario(ENVIRONMENTS[env_id].default_scenario, **{"epoch.episode_epochs": 2})
    single = gym.make(env_id, scenario=scenario, **options)
    rows = gym.make_vec(env_id, num_envs=2, vectorization_mode="vector_entry_point", scenario=scenario, **options)
    for env in (single, rows):
        env.reset(seed=0)
        env.step(env.action_space.sample())
        env.close()


def of_their_own() -> None:
    """Those, and the search for schedules of an engine."""
    for env_id in OF_THEIR_OWN:
        step_once(env_id)
    scenario = edge_llm_env.load_scenario("chat-4090", **{"epoch.episode_epochs": 2})
    workload = edge_llm_env.draw_workload(scenario, np.random.default_rng(0))
    schedule_in_hindsight(scenario, workload, (4.0, 0.5, 3.0), moves=1)


def of_batches() -> None:
    """Environments whose node serves a batch in each epoch, and the exact solver."""
    for env_id in ENVIRONMENTS:
        if env_id not in OF_THEIR_OWN:
            step_once(env_id)
    BranchAndBound().solve(all_bound(np.random.default_rng(0), 8))


def main() -> int:
    """Both, each in a process of its own; the exit status."""
    of_processes = get_context("spawn")
    running = [of_processes.Process(target=compile_some) for compile_some in (of_their_own, of_batches)]
    for process in running:
        process.start()
    for process in running:
        process.join()
    return max(process.exitcode or 0 for process in running)


if __name__ == "__main__":
    sys.exit(main())
