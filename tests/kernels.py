"""Compiles what most tests need before they begin: python -m tests.kernels.

The workers of pytest-xdist meet the same kernels at the same time, and each would compile them. Here two processes
compile different ones, side by side; a kernel that is left out is compiled by the first test that calls it.
"""

from __future__ import annotations

import sys
from functools import partial
from multiprocessing import get_context
from typing import Any

import gymnasium as gym
import numpy as np

import edge_llm_env
from edge_llm_baselines import BranchAndBound
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_baselines.schedulers.clairvoyant.search import schedule_in_hindsight
from edge_llm_baselines.schedulers.policy import SchedulerPolicy
from edge_llm_baselines.schedulers.suite import CHEAPEST, FEWEST_CALLS
from edge_llm_env.envs.suite import (
    BANDWIDTH,
    BATCH_SELECTION,
    BATCHING,
    CONTINUOUS_BATCHING,
    JOINT,
    MULTI_NODE,
    SCALING,
)
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios.schema import Scenario
from tests.edge_llm_baselines.solvers.instances import all_bound
from tests.support.tasks import small_tasks

OF_THEIR_OWN = (MULTI_NODE, CONTINUOUS_BATCHING, SCALING)
"""Environments whose kernels the others have no part of; the others begin with the same."""


def step_once(env_id: str, scenario: Scenario | None = None, **options: Any) -> None:
    """Compile what both forms of an environment call, with its default preset or a scenario, and its oracle."""
    if scenario is None:
        scenario = edge_llm_env.load_scenario(ENVIRONMENTS[env_id].default_scenario, **{"epoch.episode_epochs": 2})
    single = gym.make(env_id, scenario=scenario, **options)
    rows = gym.make_vec(env_id, num_envs=2, vectorization_mode="vector_entry_point", scenario=scenario, **options)
    for env in (single, rows):
        env.reset(seed=0)
        env.step(env.action_space.sample())
        env.close()
    baselines = baselines_of(env_id)
    oracle = baselines.rules[baselines.oracle]
    if oracle.tunable is None:
        workloads = edge_llm_env.draw_workloads(scenario, 1)
        roll_out(oracle.acting(0), baselines.solved_in or env_id, scenario, workloads)


def of_their_own() -> None:
    """Those, and the search for schedules of an engine; all that is of an engine compiles apart for calls of tasks."""
    for env_id in OF_THEIR_OWN:
        step_once(env_id)
    chats, calls = edge_llm_env.load_scenario("chat-4090", **{"epoch.episode_epochs": 2}), small_tasks()
    step_once(CONTINUOUS_BATCHING, calls)
    for scenario, numbers in ((chats, (4.0, 0.5, 3.0)), (calls, (2048.0, 32.0, 1.0))):
        workload = edge_llm_env.draw_workload(scenario, np.random.default_rng(0))
        schedule_in_hindsight(scenario, workload, numbers, moves=1)
    for scheduler in (CHEAPEST, FEWEST_CALLS):
        roll_out(partial(SchedulerPolicy, scheduler, numbers), CONTINUOUS_BATCHING, calls, [workload])


def of_batches() -> None:
    """Environments whose node serves a batch in each epoch, and the exact solver."""
    for env_id in ENVIRONMENTS:
        if env_id not in OF_THEIR_OWN:
            step_once(env_id)
    for env_id in (BATCHING, BATCH_SELECTION):
        step_once(env_id, small_tasks())
    for requests in (8, 60):  # few need no search
        BranchAndBound(node_limit=1000).solve(all_bound(np.random.default_rng(0), requests))
    bands = edge_llm_env.load_scenario("embedding-uplink", **{"epoch.episode_epochs": 2})
    modules = edge_llm_env.load_scenario("accuracy-tiers", **{"epoch.episode_epochs": 2, "node.modules": 2})
    for env_id, scenario in ((BATCHING, bands), (BANDWIDTH, bands), (JOINT, modules)):
        baselines_of(env_id).hindsight(scenario, edge_llm_env.draw_workloads(scenario, 1))


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
