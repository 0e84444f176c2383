"""Solvers and environments on the presets of a node whose decode is bound by memory bandwidth."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines import DFTSP, BatchProblem, BranchAndBound, EpochPolicy, MilpSolver
from edge_llm_baselines.allocation.partitions import BestPartition, logits_of, partitions
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight
from edge_llm_baselines.playing.roll_out import served_by
from edge_llm_env import Scenario, draw_workload
from tests.support.helpers import load_preset

BUSY = {
    "orin-llama-8b": {"workload.arrivals.rate_per_s": 1.0},
    "azure-conversation": {"workload.arrivals.time_scale": 0.4},
}
"""More load than the presets have, so that a few slots are contested."""


def small(name: str, folder: Path, **overrides: Any) -> Scenario:
    return load_preset(
        name, folder, **(BUSY[name] | {"epoch.visible_slots": 16, "epoch.episode_epochs": 6} | overrides)
    )


@pytest.mark.parametrize("name", BUSY)
def test_exact_solvers_agree_in_every_epoch(name: str, tmp_path: Path):
    scenario = small(name, tmp_path)
    env = gym.make("EdgeLLM/BatchSelection-v0", scenario=scenario)
    env.reset(options={"workload": draw_workload(scenario, np.random.default_rng(1))})
    refused = 0
    for _ in range(scenario.epoch.episode_epochs):
        problem = BatchProblem.of_row(env.unwrapped.simulation)
        solution = DFTSP().solve(problem)
        assert BranchAndBound().solve(problem).value == MilpSolver().solve(problem).value == solution.value > 0
        refused += len(problem) - int(solution.value)
        action = np.zeros(scenario.epoch.visible_slots, dtype=np.int8)
        action[: len(problem)] = solution.selected
        env.step(action)
    assert refused > 20


@pytest.mark.parametrize("name", BUSY)
def test_both_environments_serve_what_dftsp_chooses(name: str, tmp_path: Path):
    scenario = small(name, tmp_path)
    workload = draw_workload(scenario, np.random.default_rng(2))
    served = served_by(DFTSP(), scenario, [workload])[0]
    env = gym.make("EdgeLLM/Batching-v0", scenario=scenario)
    policy = EpochPolicy(DFTSP(), env)
    observation, info = env.reset(options={"workload": workload})
    truncated, reward_sum = False, 0.0
    while not truncated:
        observation, reward, _, truncated, info = env.step(policy.predict(observation)[0])
        reward_sum += reward
    assert info["served"] == served == reward_sum > 10


@pytest.mark.parametrize("name", BUSY)
def test_hindsight_is_no_less_than_dftsp(name: str, tmp_path: Path):
    scenario = small(name, tmp_path, **{"epoch.visible_slots": 64})
    workload = draw_workload(scenario, np.random.default_rng(3))
    found = LagrangianHindsight(30, restarts=1, moves_per_offer=500, block_nodes=0).solve(
        EpisodeProblem.of_workload(scenario, workload)
    )
    assert served_by(DFTSP(), scenario, [workload])[0] <= found.value <= found.upper_bound


def test_best_partition_serves_most_of_all_partitions_of_a_roofline_node(tmp_path: Path):
    hosted = [
        {"decoder": "llama-3.1-8b", "precision": "w4a16-awq", "perplexity_increase": 0.5},
        {"decoder": "llama-3.2-1b", "precision": "w8a16", "perplexity_increase": 4.0},
    ]
    node = {"node.modules": 3, "node.variants": hosted, "node.storage_bandwidth_bytes_per_s": 1e9}
    scenario = small("orin-llama-8b", tmp_path, **node, **{"workload.arrivals.rate_per_s": 2.0})
    env = gym.make("EdgeLLM/Compute-v0", scenario=scenario)
    env.reset(options={"workload": draw_workload(scenario, np.random.default_rng(4))})
    choices, totals = partitions(3, 2), set()
    for _ in range(scenario.epoch.episode_epochs):
        simulation = env.unwrapped.simulation
        best, most = BestPartition().best(simulation, 0)
        before = simulation.counters(0)["served"]
        served = []
        for counts in choices:
            simulation_before = deepcopy(simulation.state)
            env.step(logits_of(counts))
            served.append(simulation.counters(0)["served"] - before)
            for field, values in simulation_before._asdict().items():
                getattr(simulation.state, field)[...] = values
        assert most == max(served) == served[choices.tolist().index(best.tolist())]
        totals |= set(served)
        env.step(logits_of(best))
    assert len(totals) > 5
