"""Recorded numbers come out here, and what does not is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge_llm_agents.commands.main import main
from edge_llm_agents.protocol.check import RECORDED, check
from edge_llm_agents.protocol.judging import same
from edge_llm_agents.records.record import read_record
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.envs.suite import SUITE

QUICK = "EdgeLLM/BatchSelection-v0"

CASES = read_record(RECORDED)["cases"]


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """The record of one environment alone."""
    record = read_record(RECORDED)
    record["cases"] = [case for case in record["cases"] if case["environment"] == QUICK]
    path = tmp_path / "check.json"
    path.write_text(json.dumps(record))
    return path


def test_every_environment_of_the_suite_is_checked_by_its_reference() -> None:
    checked = {(case["environment"], case["policy"]) for case in read_record(RECORDED)["cases"]}
    assert checked >= {(entry.id, baselines_of(entry.id).oracle) for entry in SUITE}


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{case['environment'].partition('/')[2]}-{case['policy']}" for case in CASES]
)
def test_what_is_recorded_comes_out_here(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "check.json"
    path.write_text(json.dumps(read_record(RECORDED) | {"cases": [case]}))
    ((said, again),) = check(path)
    assert same(said.gained, again.gained)


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        (lambda case: case["gained"].append(1), 1, "recorded ["),
        (lambda case: case.update(workloads_sha256="0"), 0, "as recorded, on workloads that are not the same to the"),
    ],
)
def test_the_command_tells_what_is_another(
    change: Any, status: int, said: str, quick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads(quick.read_text())
    change(record["cases"][0])
    record["cases"] = record["cases"][:1]
    quick.write_text(json.dumps(record))
    assert main(["leaderboard", "check", "--recorded", str(quick)]) == status
    shown = capsys.readouterr().out
    assert said in shown
    assert f"{1 - status} of 1 as recorded" in shown


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record: record.pop("cases"), "KeyError('cases')"),
        (lambda record: record.update(cases=[3]), "is no record of a check"),
        (lambda record: record["cases"][0].pop("tuned"), "is no record of a check"),
        (lambda record: record["cases"][0].update(environment="EdgeLLM/No-v0"), "must be one of"),
        (lambda record: record["cases"][0].update(policy=[]), "policy = []: must be names"),
        (lambda record: record["cases"][0].update(gained=["1"]), "must be numbers"),
    ],
)
def test_another_record_is_told_in_a_line(
    change: Any, said: str, quick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads(quick.read_text())
    change(record)
    quick.write_text(json.dumps(record))
    assert main(["leaderboard", "check", "--recorded", str(quick)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {quick}: is no record of a check")
    assert said in error
    assert error.count("\n") == 1
