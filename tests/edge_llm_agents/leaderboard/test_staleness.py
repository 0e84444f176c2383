"""Which finished cells are stale, and why."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from edge_llm_agents.leaderboard.jobs import Hindsight, Job, Playing, Tuning
from edge_llm_agents.leaderboard.policies.rules import Rule
from edge_llm_agents.leaderboard.staleness import staleness
from edge_llm_agents.records.cells import Cell, write_cell
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_env import load_scenario

SCENARIO = load_scenario("carry-over")
PLAYED = WorkloadSet.of(SCENARIO, 2, 0)
ENVIRONMENT = "EdgeLLM/BatchSelection-v0"


def write(folder: Path, job: Job, **changes: Any) -> Cell:
    """A cell as its job would make it, but for its results and some of its identity."""
    cell = Cell(**(asdict(job.cell) | {name: changes.pop(name) for name in ("scenario", "policy") if name in changes}))
    versions = changes.pop("versions", None)
    record: dict[str, Any] = {"cell": asdict(cell), "identity": job.identity() | changes}
    record["tuned"] = {"discount": 0.9, "partition": None}
    if versions is not None:
        record["provenance"] = {"versions": versions, "machine": {}}
    write_cell(folder, record)
    return cell


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Preparations and a policy, all valid."""
    write(tmp_path, Tuning.of(SCENARIO, 0))
    write(tmp_path, Hindsight(PLAYED))
    write(tmp_path, Playing(ENVIRONMENT, "DFTSP", 0, Rule("dftsp", None, 0), PLAYED, 1))
    return tmp_path


def test_cells_of_the_code_that_there_is_are_valid(folder: Path) -> None:
    found = staleness(folder)
    assert (found.cells, found.stale, found.unchecked) == (3, {}, frozenset())
    assert str(found) == "0 of 3 cells are stale"


def test_a_cell_is_stale_where_anything_that_it_follows_from_has_changed(folder: Path) -> None:
    rule = Playing(ENVIRONMENT, "look-ahead", 0, Rule("look-ahead", 0.9, 0), PLAYED, 1)
    assert not staleness(folder).stale
    write(folder, rule)
    assert not staleness(folder).stale
    other = Playing(ENVIRONMENT, "look-ahead", 0, Rule("look-ahead", 0.8, 0), PLAYED, 1)
    stale = write(folder, other)  # tuned otherwise
    bound = write(folder, Hindsight(PLAYED), workloads_sha256="0" * 64)
    old = write(folder, Playing(ENVIRONMENT, "DFTSP", 0, Rule("dftsp", None, 0), PLAYED, 1), versions={"numpy": "1.0"})
    found = staleness(folder)
    assert set(found.stale) == {stale, bound, old}
    assert found.stale[stale].startswith("policy_sha256 ")
    assert found.stale[bound].startswith("workloads_sha256 000000000000 → ")
    assert "numpy 1.0 → " in found.stale[old]
    assert "3 of 4 cells are stale: " in str(found)


def test_of_a_submitted_policy_the_environment_is_held_against_what_it_is(folder: Path) -> None:
    job = Playing(ENVIRONMENT, "DFTSP", 0, Rule("dftsp", None, 0), PLAYED, 1)
    write(folder, job, policy="mine", policy_sha256="0" * 64)
    assert not staleness(folder).stale
    mine = write(folder, job, policy="mine", environment_sha256="0" * 64)
    assert staleness(folder).stale[mine].startswith("environment_sha256 000000000000 → ")


def test_scenarios_that_are_no_presets_are_not_checked(folder: Path) -> None:
    elsewhere = write(folder, Hindsight(PLAYED), scenario="storm", policy_sha256="0" * 64)
    found = staleness(folder)
    assert found.unchecked == {elsewhere}
    assert str(found) == "0 of 4 cells are stale; 1 were not checked"
