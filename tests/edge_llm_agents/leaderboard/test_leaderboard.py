"""Boards and the page made of them, from cells written by hand."""

from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from edge_llm_agents.leaderboard.report.boards import Board, read_boards
from edge_llm_agents.leaderboard.report.certified import FILE
from edge_llm_agents.leaderboard.report.leaderboard import leaderboard, made_of, write_leaderboard
from edge_llm_agents.leaderboard.staleness import Staleness
from edge_llm_agents.records.cells import Cell, write_cell
from edge_llm_agents.records.record import NoRecordError, write_record

FRESH = Staleness(8, {}, frozenset())

IDENTITY = {
    "scenario_fingerprint": "f" * 64, "episodes": 4, "workload_seed": 0, "workloads_sha256": "a" * 64,
    "policy_sha256": "b" * 64,
    "environment_sha256": "c" * 64,
}  # fmt: skip


def cell(folder: Path, scenario: str, policy: str, served: list[int], seed: int = 0, **changes: Any) -> None:
    record = {
        "cell": {"environment": "EdgeLLM/Batching-v0", "scenario": scenario, "policy": policy, "seed": seed},
        "identity": IDENTITY, "source": "rule", "learned": False, "served": served, "settled": 100, "expired": 0,
        "decision_us": 5.0, "decision_alone_us": 50.0, "jobs_at_once": 1,
    }  # fmt: skip
    write_cell(folder, record | changes)


def hindsight(folder: Path, scenario: str, upper_bound: list[int], **identity: Any) -> None:
    where = {"environment": "preparation", "scenario": scenario, "policy": "hindsight", "seed": 0}
    known = IDENTITY | {"episodes": len(upper_bound), "workloads_sha256": "d" * 64} | identity
    write_cell(folder, {"cell": where, "identity": known, "served": upper_bound, "upper_bound": upper_bound})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two scenarios that a rule has played, and one of them also by a policy of two training seeds."""
    for scenario in ("calm", "rush"):
        cell(tmp_path, scenario, "DFTSP", [10, 20, 10, 20])
        cell(tmp_path, scenario, "rule", [5, 10, 15, 20])
        hindsight(tmp_path, scenario, [20, 25])
    for seed, served in enumerate(([11, 22, 11, 22], [12, 24, 12, 24])):
        cell(tmp_path, "rush", "mine", served, seed, learned=True, source=f"{seed}.zip")
    return tmp_path


def board(folder: Path) -> Board:
    (one,) = read_boards(folder, print)
    return one


def test_scores_are_percent_of_the_reference_on_the_same_workload_and_gaps_percent_of_the_bound(folder: Path) -> None:
    one = board(folder)
    assert one.scores("rule", ["calm"]).tolist() == [[[50.0, 50.0, 150.0, 100.0]]]
    np.testing.assert_allclose(one.scores("mine", ["rush"]), [[[110.0] * 4], [[120.0] * 4]])
    # Of bounds 20 and 25 on the first two workloads, 5 and 10 are 75 % and 60 % short.
    gaps = one.gaps("rule", ["calm"])
    assert gaps is not None
    np.testing.assert_allclose(gaps, [[[75.0, 60.0]]])
    assert (one.seeds("mine"), one.seeds("rule")) == (2, None)


def test_policies_are_ranked_with_those_that_have_played_the_same_scenarios(folder: Path) -> None:
    assert board(folder).groups() == [
        (["calm", "rush"], ["DFTSP", "rule"]),
        (["rush"], ["DFTSP", "rule", "mine"]),
    ]


def test_the_page_by_hand(folder: Path) -> None:
    page = leaderboard([board(folder)], folder, folder, FRESH)
    everywhere, _, rest = page.partition("### Some scenarios: rush")
    # The rule's runs by score: 50 × 4, 100 × 2, 150 × 2; the middle four are 50, 50, 100, 100.
    assert "| rule | – | 75.00 [" in everywhere
    # On half of the workloads it serves less, on a quarter more, on a quarter as much: 1/4 + 1/8.
    assert "] | 0.38 [" in everywhere
    assert "| 2. rule | 0.38 |  |" in everywhere
    # Gaps 75, 60, 75, 60: the middle two.
    assert "| 67.50 [" in everywhere
    assert "| mine | 2 of 5 | 115.00 [110.00, 120.00] | 1.00 [1.00, 1.00] |" in rest
    # Mean over seeds 11.5, 23, 11.5, 23 against 10, 20, 10, 20: 2.25 of 15 more.
    assert "| mine | 17.2 (seeds 16.5 to 18.0) | +15.00 [" in rest
    assert "| mine | EdgeLLM/Batching-v0 | rush | 0.zip |" in rest
    assert "| calm | `ffffffffffff` | 4 of seed 0 | `aaaaaaaaaaaa` | 2 | `cccccccccccc` |" in rest
    assert rest.endswith(made_of(folder))


def test_cells_of_other_workloads_or_code_are_left_out_and_said_to_be(folder: Path) -> None:
    cell(folder, "rush", "old", [1, 1], identity=IDENTITY | {"episodes": 2, "workloads_sha256": "e" * 64})
    cell(folder, "calm", "older", [1, 1, 1, 1], identity=IDENTITY | {"environment_sha256": "0" * 64})
    cell(folder, "storm", "rule", [1, 1, 1, 1])
    hindsight(folder, "calm", [20, 25], workload_seed=1)
    lines: list[str] = []
    (one,) = read_boards(folder, lines.append)
    assert set(one.policies) == {"DFTSP", "rule", "mine"}
    assert set(one.bounds) == {"rush"}
    assert one.gaps("rule", ["calm", "rush"]) is None
    assert len(lines) == 4
    assert (
        "older: left out: not comparable with the reference: environment_sha256 000000000000 → cccccccccccc" in lines[1]
    )
    assert "storm, rule: left out: there is no DFTSP to hold it against" in "".join(lines)


def test_stale_cells_are_marked_and_counted_with_what_has_changed(folder: Path) -> None:
    stale = Cell("EdgeLLM/Batching-v0", "calm", "rule")
    found = Staleness(8, {stale: "policy_sha256 bbbbbbbbbbbb → 000000000000"}, frozenset())
    page = leaderboard([board(folder)], folder, folder, found)
    assert "When this page was made, 1 of 8 cells are stale: 1 by policy_sha256." in page
    everywhere, _, rest = page.partition("### Some scenarios: rush")
    assert "| rule † | – | 75.00 [" in everywhere
    rush, _, by_scenario = rest.partition("#### calm")
    calm, _, rush_alone = by_scenario.partition("#### rush")
    assert "rule †" in calm
    assert "†" not in rush + rush_alone
    assert "†" not in leaderboard([board(folder)], folder, folder, FRESH)


def test_the_page_and_its_pictures_are_written(folder: Path) -> None:
    page = folder / "pages" / "LEADERBOARD.md"
    written = write_leaderboard(folder, page, print)
    assert written == [page, folder / "profiles-Batching-v0.png"]
    assert "](../profiles-Batching-v0.png)" in page.read_text(encoding="utf-8")
    assert matplotlib.image.imread(written[1]).std() > 0
    assert page.read_text(encoding="utf-8") == leaderboard(read_boards(folder, print), folder, page.parent, FRESH)


def test_what_a_page_is_made_of_changes_with_every_cell(folder: Path) -> None:
    before = made_of(folder)
    assert before.startswith("Made of 8 cells, SHA-256 `")
    cell(folder, "calm", "rule", [5, 10, 15, 21])
    assert made_of(folder).startswith("Made of 8 cells")
    assert made_of(folder) != before


def test_without_a_reference_there_is_no_leaderboard(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no cell of a reference"):
        read_boards(tmp_path, print)


def certificate(fingerprint: str, high: float, environment: str = "EdgeLLM/Batching-v0") -> dict[str, Any]:
    width = {"mean": high - 0.1, "low": high - 0.2, "high": high}
    return {
        "fingerprint": fingerprint, "environments": [environment], "oracle": "DFTSP", "bound_percent_of_oracle": 104.5,
        "best_policy": "rule", "width_percent": width, "solved": high < 0.5,
    }  # fmt: skip


@pytest.mark.parametrize(("high", "solved"), [(0.4, True), (0.6, False)])
def test_a_scenario_is_marked_solved_where_its_certified_interval_is_narrow(
    high: float, solved: bool, folder: Path
) -> None:
    cells_folder = folder / "suite"
    for name in ("DFTSP", "rule"):
        cell(cells_folder, "calm", name, [10, 20, 10, 20])
    path = folder / FILE
    elsewhere = certificate("f" * 64, 9.0, "EdgeLLM/Compute-v0")  # after it, so that it would take its place
    write_record(path, {"scenarios": [certificate("f" * 64, high), certificate("e" * 64, 9.0), elsewhere]})
    page = leaderboard([board(cells_folder)], cells_folder, folder, FRESH)
    assert "#### calm\n\nCertified: no policy that does not know the future reaches more than 104.50 % of DFTSP" in page
    assert ("**Solved**" in page) == solved
    assert "8.90 [8.80, 9.00]" not in page  # of another scenario, and of another environment
    write_record(path, {"scenarios": [{"fingerprint": "f" * 64}]})
    with pytest.raises(NoRecordError, match="is no record of certificates"):
        leaderboard([board(cells_folder)], cells_folder, folder, FRESH)


def test_without_a_certificate_nothing_is_said_of_one(folder: Path) -> None:
    assert "Certified" not in leaderboard([board(folder)], folder, folder, FRESH)
