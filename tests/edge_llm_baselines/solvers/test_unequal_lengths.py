"""Requests replayed from a trace have lengths of their own each; the exact solvers agree on them too."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines import DFTSP, BatchProblem, BranchAndBound, BruteForce, MilpSolver
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight
from edge_llm_baselines.playing.roll_out import served_by
from edge_llm_baselines.rules.heuristics import StaticBatching
from edge_llm_env import Scenario, draw_workload, load_scenario
from tests.support.helpers import AZURE_TRACE

MODES = [(padding, length) for padding in ("none", "batch_max") for length in ("per_request", "batch_max")]


def replaying(folder: Path, padding: str, length: str, **overrides: object) -> Scenario:
    (folder / "trace.csv").write_text(AZURE_TRACE)
    arrivals = {"kind": "trace", "format": "azure", "path": str(folder / "trace.csv"), "time_scale": 0.2}
    lengths = {"workload.prompt_tokens": "trace", "workload.output_tokens": "trace"}
    modes = {"node.prompt_padding": padding, "node.output_length": length}
    return load_scenario("carry-over", **({"workload.arrivals": arrivals} | lengths | modes | overrides))


@pytest.mark.parametrize(("padding", "length"), MODES)
@pytest.mark.parametrize("slots", [8, 32])
def test_exact_solvers_agree_in_every_epoch(tmp_path: Path, padding: str, length: str, slots: int):
    scenario = replaying(tmp_path, padding, length, **{"epoch.visible_slots": slots, "epoch.episode_epochs": 12})
    env = gym.make("EdgeLLM/BatchSelection-v0", scenario=scenario)
    env.reset(options={"workload": draw_workload(scenario, np.random.default_rng(1))})
    others = [BranchAndBound(), MilpSolver()] + ([BruteForce()] if slots == 8 else [])
    refused = 0
    for _ in range(scenario.epoch.episode_epochs):
        problem = BatchProblem.of_row(env.unwrapped.simulation)
        solution = DFTSP().solve(problem)
        assert [other.solve(problem).value for other in others] == [solution.value] * len(others)
        assert len(set(problem.candidates.prompt_tokens.tolist())) > len(problem) // 2
        refused += len(problem) - int(solution.value)
        action = np.zeros(slots, dtype=np.int8)
        action[: len(problem)] = solution.selected
        env.step(action)
    assert refused > 20


@pytest.mark.parametrize(("padding", "length"), MODES)
def test_hindsight_is_no_less_than_dftsp_on_a_trace(tmp_path: Path, padding: str, length: str):
    scenario = replaying(tmp_path, padding, length, **{"epoch.episode_epochs": 6})
    workload = draw_workload(scenario, np.random.default_rng(2))
    found = LagrangianHindsight().solve(EpisodeProblem.of_workload(scenario, workload))
    assert served_by(DFTSP(), scenario, [workload])[0] <= found.value <= found.upper_bound


def test_static_batches_are_safe_for_the_longest_requests_of_the_trace(tmp_path: Path):
    workload = replaying(tmp_path, "none", "per_request").workload
    assert (workload.longest_prompt_tokens, workload.longest_output_tokens) == (1599, 409)
    listed = {"workload.prompt_tokens": [1599], "workload.output_tokens": [409]}
    sizes = [
        StaticBatching.for_scenario(replaying(tmp_path, "none", "per_request", **changes)).most_requests
        for changes in ({}, listed)
    ]
    assert sizes[0] == sizes[1] > 1
