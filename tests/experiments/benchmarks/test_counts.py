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
    (tasks.Tasks, "hindsight_episodes", -1),
    (levels.Levels, "epochs", 0),
    (speed.Environments, "rows", math.nan),
    (speed.Environments, "rows", math.inf),
)


def test_rules_of_tasks_are_measured_with_all_of_the_memory() -> None:
    with pytest.raises(ValueError, match=r"^memory_share = 0\.5: must be left out without --caches$"):
        tasks.Tasks(memory_share=0.5).run()


@pytest.mark.parametrize(("benchmark", "option", "value"), WRONG)
def test_a_count_of_nothing_is_refused(benchmark: Any, option: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{option} = {value}: must be at least 1, and finite$"):
        benchmark(**{option: value}).run()
