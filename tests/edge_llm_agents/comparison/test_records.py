"""The comparison's records, table and files, by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from edge_llm_agents.comparison import records as records_module
from edge_llm_agents.comparison.columns import comparison_table
from edge_llm_agents.comparison.records import records_of
from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from tests.edge_llm_agents.comparison.roll_outs import SHORT, compared, files_of, roll_out_of


def test_records_by_hand() -> None:
    best, oracle = records_of({"DFTSP": roll_out_of([10, 20]), "better": roll_out_of([12, 24])}, "DFTSP")
    assert best["policy"] == "better"
    assert best["percent_of_oracle"] == pytest.approx(100 * 36 / 30)
    assert best["throughput_per_s"] == pytest.approx(18 / 10)
    assert best["difference_to_oracle_per_s"]["mean"] == pytest.approx(3 / 10)
    assert best["on_time_percent"] == pytest.approx(100 * 36 / 56)
    assert best["mean_batch"] == pytest.approx(18 / 5)
    assert best["utilisation"] == {"uplink": 0.5, "downlink": 0.5, "memory": 0.5, "compute": 0.5}
    assert best["decision_us"] == pytest.approx(2.0)
    assert oracle["percent_of_oracle"] == 100.0


def test_the_table_has_a_line_per_policy_and_columns_of_numbers() -> None:
    comparison = compared(SHORT, {"DFTSP": roll_out_of([10, 20]), "better": roll_out_of([12, 24])})
    table = comparison_table(comparison.policies, "DFTSP")
    assert [row[0] for row in table.rows] == ["better", "DFTSP"]
    assert comparison.table().splitlines() == table.text().splitlines()
    assert len(comparison.table("text").splitlines()) == 3
    assert comparison.table("markdown").splitlines()[1].startswith("| --- | ---: | ---: | ---: |")
    assert comparison.table("csv").splitlines()[0].startswith("policy,requests/s,difference to DFTSP [95 % CI]")
    assert comparison.table("latex").startswith(r"\begin{tabular}")


def test_results_are_a_json_file_that_tells_what_was_run_and_a_picture(tmp_path: Path) -> None:
    roll_outs = {"DFTSP": roll_out_of([10, 20]), "better": roll_out_of([12, 24])}
    comparison = compared(SHORT, roll_outs, settings={"seed": 0})
    file, picture_file = comparison.save(tmp_path / "new")
    written = json.loads(file.read_text())
    assert written["scenario"] == "carry-over"
    assert written["scenario_fingerprint"] == SHORT.fingerprint()
    assert (written["environment"], written["oracle"]) == ("EdgeLLM/Batching-v0", "DFTSP")
    assert written["settings"] == {"seed": 0}
    assert set(written["provenance"]["versions"]) > {"python", "numpy", "torch", "edge-llm-env"}
    assert written["policies"] == comparison.policies
    assert matplotlib.image.imread(picture_file).std() > 0
    assert files_of(file.parent) == ["compare-carry-over.json", "compare-carry-over.png"]


def test_a_single_workload_and_a_policy_that_serves_nothing_can_be_shown(tmp_path: Path) -> None:
    comparison = compared(SHORT, {"DFTSP": roll_out_of([10]), "idle": roll_out_of([0])})
    assert "idle" in comparison.table()
    assert len(comparison.save(tmp_path)) == 2


def test_where_nobody_serves_anything_there_is_a_picture_too(tmp_path: Path) -> None:
    assert len(compared(SHORT, {"DFTSP": roll_out_of([0])}).save(tmp_path)) == 2


def test_hindsight_adds_its_bound_its_schedule_and_the_gap_that_each_policy_closes() -> None:
    hindsight = HindsightBounds(served=np.array([14]), upper_bound=np.array([15]), seconds=1.0)
    roll_outs = {"DFTSP": roll_out_of([10, 20]), "better": roll_out_of([12, 24]), "worse": roll_out_of([9, 30])}
    comparison = compared(SHORT, roll_outs, hindsight)
    records = {record["policy"]: record for record in comparison.policies}
    # On the first workload, the only one that hindsight knows, the gap is 15 - 10 = 5 requests.
    closed = {name: record["gap_closed_percent"] for name, record in records.items()}
    assert closed == {
        "DFTSP": 0.0, "better": pytest.approx(40.0), "worse": pytest.approx(-20.0),
        "hindsight bound": pytest.approx(100.0), "hindsight schedule": pytest.approx(80.0),
    }  # fmt: skip
    assert records["hindsight bound"]["percent_of_oracle"] == pytest.approx(150.0)
    assert records["hindsight bound"]["episodes"] == 1
    assert "hindsight bound" in comparison.table()


def test_without_a_gap_none_is_closed() -> None:
    hindsight = HindsightBounds(served=np.array([10]), upper_bound=np.array([10]), seconds=1.0)
    records = records_of({"DFTSP": roll_out_of([10])}, "DFTSP", hindsight)
    assert [record["gap_closed_percent"] for record in records] == [None] * 3


def test_without_matplotlib_the_json_file_is_written_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records_module, "find_spec", lambda name: None)
    assert compared(SHORT, {"DFTSP": roll_out_of([1])}).save(tmp_path) == [tmp_path / "compare-carry-over.json"]
    assert files_of(tmp_path) == ["compare-carry-over.json"]


@pytest.mark.parametrize(
    ("env_id", "stem"),
    [
        ("EdgeLLM/Batching-v0", "compare-carry-over"),
        ("EdgeLLM/BatchSelection-v0", "compare-carry-over"),
        ("EdgeLLM/Joint-v0", "compare-joint-carry-over"),
    ],
)
def test_files_of_environments_that_divide_one_scenario_are_told_apart(env_id: str, stem: str) -> None:
    comparison = compared(SHORT, {"DFTSP": roll_out_of([1])})
    assert replace(comparison, env_id=env_id).stem == stem
