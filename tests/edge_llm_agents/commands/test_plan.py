"""What a comparison says that it will do, held against the records of how long that took."""

from __future__ import annotations

from statistics import mean
from typing import Any

import pytest

from edge_llm_agents.commands.plan import COMPILING_S, DEFAULT, TAKEN, plan
from edge_llm_agents.records.record import read_record
from edge_llm_env.registration import ENVIRONMENTS
from tests.support.programs.processes import ROOT


def recorded(name: str) -> Any:
    return read_record(ROOT / "results" / "recorded" / f"{name}.json")


def tuning_s() -> float:
    return float(recorded("hindsight_benchmark")["rates"][0]["tuning_seconds"])


def deciding_s() -> float:
    """Of a workload, by everybody; what environments take of it is less."""
    epochs = recorded("scenarios")["scenarios"]["carry-over"]["epochs"]
    return sum(1e-6 * one.get("decision_us", 0) * epochs for one in recorded("compare-carry-over")["policies"])


def training_s() -> float:
    return mean(run["seconds"] for run in recorded("training_benchmark")["runs"])


def hindsight_s() -> float:
    return float(recorded("hindsight_benchmark")["rates"][0]["seconds"]["mean"])


def heads(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines]


def test_it_has_a_line_for_each_part_that_there_will_be() -> None:
    whole = plan(DEFAULT, episodes=100, hindsight_episodes=10, trains=True)
    assert heads(whole) == ["compiling", "tuning", "playing", "training", "hindsight"]
    assert all(": about " in line for line in whole)
    short = plan("EdgeLLM/Joint-v0", episodes=1, hindsight_episodes=0, trains=False)
    assert heads(short) == ["compiling", "tuning", "playing"]
    assert [": about " in line for line in short] == [True, False, False]


def test_a_sweep_takes_as_long_as_all_its_values() -> None:
    once, thrice = (plan(DEFAULT, episodes=50, hindsight_episodes=10, trains=False, values=values) for values in (1, 3))
    assert [line.rpartition(": about ")[2] for line in once[1:]] == ["4 s", "5 s", "20 s"]
    assert [line.rpartition(", at each of 3 values: about ")[2] for line in thrice[1:]] == ["12 s", "15 s", "60 s"]


def test_compiling_takes_about_as_long_as_it_is_recorded_for_every_environment() -> None:
    taken = recorded("first_use")["seconds"]
    assert COMPILING_S.keys() == taken.keys() == ENVIRONMENTS.keys()
    assert all(0.5 <= COMPILING_S[env_id] / one["compiling"]["clock"] <= 2.0 for env_id, one in taken.items())


@pytest.mark.parametrize(
    ("part", "seconds"),
    [("tuning", tuning_s), ("playing", deciding_s), ("training", training_s), ("hindsight", hindsight_s)],
)
def test_parts_take_about_as_long_as_they_are_recorded(part: str, seconds: Any) -> None:
    assert 0.5 <= getattr(TAKEN[DEFAULT], part) / seconds() <= 2.0
