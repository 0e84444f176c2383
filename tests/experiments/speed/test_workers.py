"""Two workers of joblib and of Ray beside one process, in small."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import joblib
import pytest

from experiments.speed.workers import WAYS, workers_table
from tests.edge_llm_agents.leaderboard.small import SHORT
from tests.support.programs.clusters import begin_cluster
from tests.support.programs.here import run_script_here


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    begin_cluster(monkeypatch)
    yield
    joblib.externals.loky.get_reusable_executor().shutdown()


@pytest.mark.usefixtures("cluster")
def test_cells_are_computed_each_way_in_every_round(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text(SHORT)
    small = ("--scenario", "short.toml", "--episodes", "2", "--seeds", "1", "--rounds", "1")
    finished = run_script_here("benchmark.py", "workers", *small, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    report = json.loads((tmp_path / "results" / "workers.json").read_text())
    assert report["cells"] > 3
    for way in WAYS:
        assert report["first_s"][way.name] > 0.0
        (taken_s,) = report["rounds_s"][way.name]
        assert taken_s > 0.0
        assert f"\n| {way.name} | " in finished.stdout
    assert report["ratios"].keys() == {"joblib_to_one", "ray_to_one", "ray_to_joblib"}


def test_the_table_has_shares_of_one_process() -> None:
    names = [way.name for way in WAYS]
    report = {
        "first_s": dict(zip(names, (10.0, 12.0, 20.0), strict=True)),
        "rounds_s": dict(zip(names, ([8.0, 9.0, 10.0], [4.0, 5.0, 6.0], [6.0, 7.0, 8.0]), strict=True)),
        "ratios": {"joblib_to_one": 0.55, "ray_to_one": 0.8, "ray_to_joblib": 1.4},
    }
    assert workers_table(report).rows == [
        (names[0], "10.0", "9.0", "1.00"),
        (names[1], "12.0", "5.0", "0.55"),
        (names[2], "20.0", "7.0", "0.80"),
    ]
