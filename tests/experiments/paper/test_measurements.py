"""Points are measured once, kept whole and gone on with."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from experiments.paper.estimates import gain, lead, node_reduction, per_epoch, subsets_per_epoch, throughput
from experiments.paper.measurements import Effort, Measurements, begun, measure_points
from experiments.paper.points import Point, all_points
from experiments.paper.tables import as_csv

FEW = Effort(episodes=2, search_episodes=2, search_epochs=2, node_limit=1000, epochs=4)
POINTS = all_points(("paper-opt-13b",), ("quantization",))[:2] + all_points(("paper-opt-13b",), ("complexity",))[:1]


def measured(points: list[Point], so_far: Measurements) -> list[bool]:
    return [new for _, new in measure_points(points, so_far, lambda _: None)]


def test_what_is_measured_with_equal_settings_is_kept():
    so_far = Measurements(FEW)
    assert measured(POINTS, so_far) == [True, True, True]
    assert measured(POINTS, so_far) == [False, False, False]
    fewer_policies = POINTS[0]._replace(policies=("DFTSP", "NoB"))
    other_scenario = POINTS[1]._replace(overrides={"node.precision": "w4a16-rtn"})
    assert measured([fewer_policies, other_scenario, POINTS[2]], so_far) == [True, True, False]


def test_equal_efforts_measure_the_same_counts():
    first, second = Measurements(FEW), Measurements(FEW)
    for so_far in (first, second):
        measured(POINTS, so_far)
        for search in so_far.records[POINTS[2].key]["searches"].values():
            del search["seconds"]
    assert first == second


def test_an_interrupted_run_keeps_what_it_measured_and_goes_on(tmp_path: Path):
    file = tmp_path / "measurements.json"

    def save_until_the_second(so_far: Measurements) -> None:
        so_far.write(file)
        if len(so_far.records) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(measure_points(POINTS, begun(file, FEW), save_until_the_second))
    kept = begun(file, FEW)
    assert list(kept.records) == [point.key for point in POINTS[:2]]
    assert measured(POINTS, kept) == [False, False, True]


def test_another_effort_and_other_files_are_refused(tmp_path: Path):
    file = tmp_path / "measurements.json"
    Measurements(FEW).write(file)
    assert begun(file, FEW) == Measurements(FEW)
    with pytest.raises(ValueError, match=r"episodes = 40: .*was measured with 2; give the same, or another folder"):
        begun(file, Effort())
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="holds no measurements"):
        begun(file, FEW)
    with pytest.raises(ValueError, match="node_limit = 0: must be at least 1"):
        Effort(node_limit=0)


RECORD = {
    "duration_s": 10.0,
    "served": {"DFTSP": [30, 50], "StB": [20, 20], "NoB": [5, 5]},
    "candidates": [[2, 4], [3, 3]],
    "searches": {
        "dftsp": {"nodes": [4, 6], "seconds": [0.5, 0.5], "stopped": [0, 0]},
        "unpruned": {"nodes": [16, 12], "seconds": [1.0, 2.0], "stopped": [0, 1]},
    },
}


def test_estimates_by_hand():
    assert throughput(RECORD, "DFTSP").mean == (3.0 + 5.0) / 2
    assert lead(RECORD, "StB").mean == (1.0 + 3.0) / 2
    assert gain(RECORD, "StB").mean == 80 / 40
    assert per_epoch(RECORD, "unpruned", "nodes").mean == (8.0 + 6.0) / 2
    assert node_reduction(RECORD, "unpruned").mean == (0.75 + 0.5) / 2
    assert subsets_per_epoch(RECORD) == (4 + 16 + 8 + 8) / 4


def test_csv_has_a_line_per_point_and_policy_with_intervals():
    (point,) = all_points(("paper-opt-13b",), ("arrival_rate",))[:1]
    rows = list(csv.DictReader(io.StringIO(as_csv([(point, RECORD)]))))
    assert [row["policy"] for row in rows] == ["DFTSP", "StB", "NoB"]
    # 2 requests/s on both workloads; 1 and 3 fewer than DFTSP: 2 ± 12.7062 (t of one degree of freedom, standard error
    # 1)
    assert [rows[1][f"throughput_per_s{end}"] for end in ("", "_low", "_high")] == ["2"] * 3
    assert [rows[1][f"dftsp_serves_more_per_s{end}"] for end in ("", "_low", "_high")] == ["2", "-10.7062", "14.7062"]
    assert rows[1]["decoder"] == "OPT-13B"
    assert rows[1]["x"] == "10.0"


def test_csv_of_searches_says_what_is_a_lower_bound():
    point = POINTS[2]
    rows = {row["search"]: row for row in csv.DictReader(io.StringIO(as_csv([(point, RECORD)])))}
    assert {name: row["is_lower_bound"] for name, row in rows.items()} == {"dftsp": "False", "unpruned": "True"}
    assert rows["unpruned"]["nodes_saved_by_dftsp"] == "0.625"
    assert as_csv([]) == "\n"
