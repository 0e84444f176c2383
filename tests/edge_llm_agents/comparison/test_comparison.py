"""The comparison's records, table and files."""

import json
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from edge_llm_agents.comparison.comparison import baseline_solvers, comparison_table, save_results, summarise

from edge_llm_agents.comparison import comparison
from edge_llm_agents.evaluation.playing import evaluate_solver
from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.playing.roll_out import RollOut
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import draw_workloads

SHORT = load_scenario("carry-over", **{"epoch.episode_epochs": 4})


@pytest.fixture(scope="module")
def records() -> list[dict]:
    workloads = draw_workloads(SHORT, 3, seed=0)
    return summarise(
        {name: evaluate_solver(make(), SHORT, workloads) for name, make in baseline_solvers(SHORT, 0).items()}
    )


def evaluation(served: list[int]) -> RollOut:
    return RollOut(
        served=np.array(served),
        settled=np.array(served) + 10,
        expired=np.full(len(served), 10),
        beyond_visible=np.zeros(len(served), dtype=np.int64),
        utilisation=np.full((len(served), 4), 0.5),
        epochs=5,
        epoch_s=2.0,
        decision_s=2e-6,
    )


def test_records_by_hand() -> None:
    best, oracle = summarise({"DFTSP": evaluation([10, 20]), "better": evaluation([12, 24])})
    assert best["policy"] == "better"
    assert best["percent_of_dftsp"] == pytest.approx(100 * 36 / 30)
    assert best["throughput_per_s"] == pytest.approx(18 / 10)
    assert best["difference_to_dftsp_per_s"]["mean"] == pytest.approx(3 / 10)
    assert best["on_time_percent"] == pytest.approx(100 * 36 / 56)
    assert best["mean_batch"] == pytest.approx(18 / 5)
    assert best["utilisation"] == {"uplink": 0.5, "downlink": 0.5, "memory": 0.5, "compute": 0.5}
    assert best["decision_us"] == pytest.approx(2.0)
    assert oracle["percent_of_dftsp"] == 100.0


def test_the_table_has_a_line_per_policy_and_columns_of_numbers(records: list[dict]) -> None:
    table = comparison_table(records)
    assert [row[0] for row in table.rows] == [record["policy"] for record in records]
    assert len(table.text().splitlines()) == 1 + len(records)
    assert table.markdown().splitlines()[1].startswith("| --- | ---: | ---: | ---: |")


def test_policies_stand_in_order_of_throughput_and_dftsp_leads_the_heuristics(records: list[dict]) -> None:
    throughput = [record["throughput_per_s"] for record in records]
    assert throughput == sorted(throughput, reverse=True)
    assert records[0]["policy"] == "DFTSP"


def test_results_are_a_json_file_that_tells_what_was_run_and_a_picture(records: list[dict], tmp_path: Path) -> None:
    file, picture_file = save_results(SHORT, {"seed": 0}, records, tmp_path / "new")
    written = json.loads(file.read_text())
    assert written["scenario"] == "carry-over"
    assert written["scenario_fingerprint"] == SHORT.fingerprint()
    assert written["settings"] == {"seed": 0}
    assert set(written["provenance"]["versions"]) > {"python", "numpy", "torch", "edge-llm-env"}
    assert written["policies"] == records
    picture = matplotlib.image.imread(picture_file)
    assert picture.std() > 0
    assert sorted(path.name for path in file.parent.iterdir()) == ["compare-carry-over.json", "compare-carry-over.png"]


def test_a_single_workload_and_a_policy_that_serves_nothing_can_be_shown(tmp_path: Path) -> None:
    records = summarise({"DFTSP": evaluation([10]), "idle": evaluation([0])})
    assert "idle" in comparison_table(records).text()
    save_results(SHORT, {}, records, tmp_path)


def test_hindsight_adds_its_bound_its_schedule_and_the_gap_that_each_policy_closes() -> None:
    hindsight = HindsightBounds(served=np.array([14]), upper_bound=np.array([15]), seconds=1.0)
    evaluations = {"DFTSP": evaluation([10, 20]), "better": evaluation([12, 24]), "worse": evaluation([9, 30])}
    records = {record["policy"]: record for record in summarise(evaluations, hindsight)}
    # On the first workload, the only one that hindsight knows, the gap is 15 - 10 = 5 requests.
    closed = {name: record["gap_closed_percent"] for name, record in records.items()}
    assert closed == {
        "DFTSP": 0.0, "better": pytest.approx(40.0), "worse": pytest.approx(-20.0),
        "hindsight bound": pytest.approx(100.0), "hindsight schedule": pytest.approx(80.0),
    }  # fmt: skip
    assert records["hindsight bound"]["percent_of_dftsp"] == pytest.approx(150.0)
    assert records["hindsight bound"]["episodes"] == 1
    assert "hindsight bound" in comparison_table(list(records.values())).text()


def test_without_a_gap_none_is_closed() -> None:
    hindsight = HindsightBounds(served=np.array([10]), upper_bound=np.array([10]), seconds=1.0)
    records = summarise({"DFTSP": evaluation([10])}, hindsight)
    assert [record["gap_closed_percent"] for record in records] == [None] * 3


def test_without_matplotlib_the_json_file_is_written_alone(
    records: list[dict], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "find_spec", lambda name: None)
    assert save_results(SHORT, {}, records, tmp_path) == [tmp_path / "compare-carry-over.json"]
    assert len(list(tmp_path.iterdir())) == 1
