"""The table of standard algorithms, from records of runs."""

import json
from pathlib import Path

import pytest

from edge_llm_agents.protocol.reading import read_submission
from experiments.pages.standard import MARK_STALE, RUNS, standard_table
from tests.edge_llm_agents.protocol.small import submitted


def test_the_reference_stands_above_those_who_were_run_and_stale_ones_say_so(tmp_path: Path) -> None:
    path = submitted(tmp_path)
    rows = standard_table(tmp_path / "submissions").rows
    assert [row[2] for row in rows] == ["reference: DFTSP", "mine"]
    assert rows[1][3] == "2"
    assert MARK_STALE not in rows[0][1]
    record = read_submission(path)
    record["identity"]["environment_sha256"] = "0" * 64
    path.write_text(json.dumps(record))
    assert all(MARK_STALE in row[1] for row in standard_table(tmp_path / "submissions").rows)


@pytest.mark.parametrize("path", sorted(RUNS.glob("*/*/*/*.json")), ids=lambda path: "/".join(path.parts[-3:]))
def test_recorded_runs_are_whole_and_learned_within_their_budget(path: Path) -> None:
    record = read_submission(path)
    (run,) = record["runs"]
    assert record["claim"]["split"] == "test"
    assert not run["over_budget"]
    assert run["policy"] is None
    assert run["curve"][-1]["decisions"] == run["decisions"]
    assert len(run["gained"]) == record["identity"]["episodes"] == 50
