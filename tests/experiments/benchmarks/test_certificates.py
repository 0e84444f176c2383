"""`scripts/benchmark.py certificates` in small: an interval of a short scenario, and what is written of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_llm_agents.leaderboard.report.certified import read_certified
from experiments.benchmarks.certificates import SOLVED_PERCENT, Certificates
from tests.edge_llm_agents.leaderboard.small import SHORT


def test_a_short_scenario_is_certified_and_the_leaderboard_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "short.toml").write_text(SHORT)
    asked = Certificates((str(tmp_path / "short.toml"),), 3, 20, 2, 2, seed=0, results=tmp_path)
    asked.run()
    written = json.loads((tmp_path / "certificates.json").read_text())
    assert json.loads(capsys.readouterr().out) == written
    (found,) = written["scenarios"]
    assert set(found["policies"]) >= {"look-ahead", "sampled-future"}
    best = found["policies"][found["best_policy"]]
    assert best["served"] == max(one["served"] for one in found["policies"].values())
    for one in found["policies"].values():  # on every workload what is kept is at most the bound
        assert one["width_percent"]["mean"] >= 0.0
    assert found["solved"] == (found["width_percent"]["high"] < SOLVED_PERCENT)
    (certified,) = read_certified(tmp_path / "suite").values()
    assert certified.solved == found["solved"]
    assert certified.bound_percent == found["bound_percent_of_dftsp"]
