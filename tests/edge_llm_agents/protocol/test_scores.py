"""Scores by hand, and the page of what was submitted."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_llm_agents.commands.main import main
from edge_llm_agents.protocol.curves import median_curve, plot_curves
from edge_llm_agents.protocol.reading import read_submission
from edge_llm_agents.protocol.report import stale, write_report
from edge_llm_agents.protocol.scores import Compared, compared
from tests.edge_llm_agents.protocol.small import submitted


def record(policy: str, gained: list[list[int]], **changes: Any) -> dict[str, Any]:
    curve = [
        {"decisions": at, "wall_s": at / 10, "percent_of_reference": percent} for at, percent in ((10, 96), (20, 99))
    ]
    runs = [
        {"seed": seed, "gained": one, "decisions": 30, "over_budget": False, "wall_s": 3.0, "curve": curve}
        for seed, one in enumerate(gained, changes.pop("first_seed", 0))
    ]
    identity = dict.fromkeys(
        ("scenario_fingerprint", "workload_seed", "workloads_sha256", "environment_sha256"), "one"
    ) | {"episodes": 2}
    return {
        "cell": {"environment": "E", "scenario": "s", "policy": policy, "seed": 0},
        "claim": {"split": "test", "knows": "nothing", "budget": "small"} | changes.pop("claim", {}),
        "identity": identity | changes,
        "scenario": None,
        "provenance": {"versions": {}},
        "runs": runs,
        "reference": {"policy": "rule", "gained": [10, 20]},
        "bound": [12, 24],
    }


def one_task(*records: dict[str, Any]) -> Compared:
    (task,) = compared(records)
    return task


def test_scores_are_percent_of_the_reference_and_lie_between_it_and_the_bound() -> None:
    task = one_task(record("mine", [[12, 24], [10, 14]]))
    (mine,) = task.entrants
    assert task.percent(mine).tolist() == [[[120.0, 120.0]], [[100.0, 70.0]]]
    normalised = task.normalised(mine)
    assert normalised is not None
    assert normalised.tolist() == [[[2 / 3, 4 / 3]], [[0.0, -2.0]]]  # the bound is 3 above on average
    assert normalised[0].mean() == 1.0
    reference = task.normalised(task.of_reference())
    assert reference is not None
    assert not reference.any()


def test_there_is_nothing_to_normalise_by_where_the_reference_is_at_the_bound() -> None:
    task = one_task(record("mine", [[10, 20]]))._replace(bound=np.array([10.0]))
    assert task.normalised(task.entrants[0]) is None
    assert task._replace(bound=np.array([])).normalised(task.entrants[0]) is None


def test_training_seeds_of_several_records_are_one_policy_and_other_tasks_are_apart() -> None:
    first, second = record("mine", [[1, 1]]), record("mine", [[2, 2]], first_seed=1, claim={"budget": "medium"})
    other = record("mine", [[3, 3]], environment_sha256="two")
    tasks = compared([first, second, other])
    assert [len(task.entrants[0].runs) for task in tasks] == [2, 1]
    assert tasks[0].entrants[0].budget == "medium"


def test_what_a_threshold_took_is_the_median_over_seeds_and_nothing_where_one_never_reached_it() -> None:
    (mine,) = one_task(record("mine", [[1, 1], [1, 1]])).entrants
    assert mine.reached(95.0) == {"decisions": 10.0, "wall_s": 1.0}
    assert mine.reached(98.0) == {"decisions": 20.0, "wall_s": 2.0}
    assert mine.reached(100.0) is None


def test_a_clairvoyant_is_not_ranked() -> None:
    task = one_task(record("told", [[12, 24]], claim={"knows": "future"}))
    assert not task.entrants[0].ranked
    assert task.of_reference().ranked


def test_the_page_has_every_policy_with_its_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = submitted(tmp_path)
    page = tmp_path / "page.md"
    assert main(["leaderboard", "report", "--results", str(tmp_path / "submissions"), "--page", str(page)]) == 0
    text = page.read_text()
    assert "## `EdgeLLM/BatchSelection-v0`, carry-over, test" in text
    assert "| mine ‡ | 2 | small | nothing |" in text
    assert "| DFTSP | – | – | – | 100.00 [100.00, 100.00] | 0.000 | – |" in text
    assert "Stale" not in text  # a scenario of that name is a preset; what counts is the record's own
    capsys.readouterr()
    record = read_submission(path)
    record["identity"]["environment_sha256"] = "0" * 64
    path.write_text(json.dumps(record))
    (task,) = compared([read_submission(path)])
    assert "environment_sha256 000000000000 → " in stale(task)


def test_a_task_is_stale_by_any_of_its_records_and_by_its_own_scenario(tmp_path: Path) -> None:
    record = read_submission(submitted(tmp_path))
    (task,) = compared([record])
    assert stale(task) == ""
    # One record alone has another version: which of them is first does not matter.
    older = json.loads(json.dumps(record))
    older["cell"]["policy"] = "older"
    older["provenance"]["versions"]["numpy"] = "1.0"
    for together in ([record, older], [older, record], [older, older]):
        (task,) = compared(together)
        assert stale(task).count("numpy 1.0 → ") == 1
    (task,) = compared([record])
    assert "scenario_fingerprint " in stale(task._replace(content=None))  # the preset of that name is another
    assert "scenario = 'gone': must be one of" in stale(task._replace(content=None, scenario="gone"))


def test_no_record_makes_no_page(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no submission"):
        write_report(tmp_path, tmp_path / "page.md")


def test_curves_are_drawn_by_task_and_are_medians_of_the_points_that_all_seeds_have(tmp_path: Path) -> None:
    two = record("mine", [[1, 1], [1, 1], [1, 1]])
    for run, percents in zip(two["runs"], ((90, 95), (80, 99), (70, 91)), strict=True):
        run["curve"] = [
            {"decisions": at, "wall_s": 1.0, "percent_of_reference": percent}
            for at, percent in zip((10, 20), percents, strict=True)
        ]
    two["runs"][0]["curve"].append({"decisions": 30, "wall_s": 1.0, "percent_of_reference": 100.0})
    (mine,) = one_task(two).entrants
    assert median_curve(mine) == {10: 80.0, 20: 95.0}
    other = record("mine", [[1, 1]], environment_sha256="another")
    picture = tmp_path / "curves.png"
    assert plot_curves(compared([two, other]), picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    for run in two["runs"]:
        run["curve"] = []
    assert not plot_curves(compared([two]), tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
