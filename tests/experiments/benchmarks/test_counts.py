"""Benchmarks refuse to measure nothing, by the option's name, before anything is computed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from edge_llm_agents.records.record import write_record
from experiments.benchmarks import allocations, assignments, levels, oracles, schedules, speed, tasks

WRONG = (
    (speed.Environments, "rows", 0),
    (allocations.Allocation, "rounds", 0),
    (assignments.Assignments, "timed", -1),
    (assignments.Scale, "instances", 0),
    (oracles.Solvers, "instances", 0),
    (oracles.Proofs, "hard", -3),
    (oracles.RooflineProofs, "cp_sat_every", 0),
    (schedules.UnitTime, "instances", 0),
    (schedules.Schedules, "hindsight_episodes", 0),
    (schedules.EngineLearners, "episodes", 0),
    (tasks.Tasks, "hindsight_episodes", -1),
    (tasks.TaskCaches, "episodes", 0),
    (levels.Levels, "epochs", 0),
    (speed.Environments, "rows", math.nan),
    (speed.Environments, "rows", math.inf),
)


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5, math.nan])
def test_caches_are_measured_with_a_part_of_the_memory(share: float) -> None:
    with pytest.raises(ValueError, match=f"^memory_share = {share:g}: must be above 0 and at most 1$"):
        tasks.TaskCaches(memory_share=share).run()


@pytest.mark.parametrize(("benchmark", "option", "value"), WRONG)
def test_a_count_of_nothing_is_refused(benchmark: Any, option: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{option} = {value}: must be at least 1, and finite$"):
        benchmark(**{option: value}).run()


def test_a_record_of_other_workloads_is_not_gone_on_with(tmp_path: Path) -> None:
    for benchmark, name, record in (
        (allocations.Trials, "allocation_trials", {"episodes": 7, "references": {}, "runs": []}),
        (schedules.EngineLearners, "engine_learners", {"episodes": 7, "beside": {}, "runs": []}),
    ):
        write_record(tmp_path / f"{name}.json", record)
        with pytest.raises(ValueError, match=r"^episodes = 20: must be 7, as in .*json, or another folder$"):
            benchmark(results=tmp_path).run()
