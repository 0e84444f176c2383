"""Benchmarks refuse to measure nothing, by the option's name, before anything is computed."""

from __future__ import annotations

import math
from typing import Any

import pytest

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
