"""The tables of the validation, of the recorded report."""

from __future__ import annotations

from typing import Any

import pytest

from edge_llm_agents.records.record import read_record
from edge_llm_env.inference.validation.kinds import SPLITS
from experiments.pages.recorded import RECORDED
from experiments.pages.validation_tables import (
    as_text,
    bad_kinds_table,
    disagreement_table,
    floors_table,
    other_fits_table,
    rows_table,
    split_table,
    summary_table,
    targets_table,
    told_table,
)
from tests.support.programs.processes import ROOT


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return read_record(ROOT / RECORDED / "validate_model.json")


def test_the_text_has_every_kind_of_every_split(report: dict[str, Any]) -> None:
    text = as_text(report)
    for phase in report["errors"]["device"].values():
        for split in SPLITS:
            for kind in phase[split]:
                assert f"\n{kind} " in text


def test_errors_stand_in_per_cent_with_the_median(report: dict[str, Any]) -> None:
    whole = report["errors"]["device"]["decode"]["all"]
    row = dict(zip(summary_table(report).headings, summary_table(report).rows[1], strict=True))
    assert row[f"decode, {whole['rows']} rows"] == f"{100 * whole['error']:.1f} ({100 * whole['median']:.0f})"


def test_ranges_stand_in_order(report: dict[str, Any]) -> None:
    assert [row[0] for row in split_table(report, "batch").rows] == [
        "1", "2 to 4", "5 to 8", "9 to 16", "17 to 64", "above 64"
    ]  # fmt: skip


def test_a_target_that_nothing_was_measured_of_is_neither_met_nor_missed(report: dict[str, Any]) -> None:
    first = report["targets"][0] | {"reached": None, "met": None}
    assert targets_table({"targets": [first]}).rows[0][2:] == ("–",) * 5


def test_a_target_stands_beside_what_rows_leave_at_least(report: dict[str, Any]) -> None:
    phase = report["targets"][0]["phase"]
    limits = {
        "floors": {phase: {"all": {"all": {"rows": 4, "floor": 0.041, "error": 0.2}}}},
        "one_factor": {phase: {"rows": 9, "error": 0.08}},
    }
    assert targets_table({"targets": report["targets"][:1]} | limits).rows[0][-2:] == ("4.1 [4]", "8.0 [9]")


def test_what_a_row_tells_stands_where_rows_are_many_enough() -> None:
    line = {
        "phase": "decode",
        "same_model": True,
        "rows": 40,
        "error": 0.116,
        "by_datasheet": 0.1725,
    }
    few = line | {"rows": 4, "same_model": False}
    assert told_table({"told": [line, few]}).rows == [("decode", "the same", "40", "11.6", "17.2")]


def test_sources_that_disagree_stand_with_their_differences() -> None:
    line = {"pairs": 3, "median": 0.1, "mean": 0.2, "largest": 0.5}
    assert disagreement_table({"disagreement": {"decode": line}}).rows == [("decode", "3", "10", "20", "50")]


def test_kinds_that_were_measured_twice_stand_with_their_floor_and_their_error() -> None:
    line = {"rows": 4, "floor": 0.041, "error": 0.2}
    kinds = {"all": {"all": line}, "engine": {"mlx": line | {"rows": 3}, "vllm": line}}
    assert floors_table({"floors": {"decode": kinds}}).rows == [
        ("decode", "4", "4.1", "20"), ("decode: engine vllm", "4", "4.1", "20")
    ]  # fmt: skip


def test_every_published_row_is_judged_or_it_says_why_not(report: dict[str, Any]) -> None:
    counts = [int(number.replace(",", "")) for number, _ in rows_table(report).rows]
    assert sum(counts) == report["rows"]
    assert counts[0] == sum(phase["all"]["rows"] for phase in report["errors"]["device"].values())


def test_kinds_of_few_rows_stand_below_those_that_are_judged(report: dict[str, Any]) -> None:
    names = [row[0] for row in bad_kinds_table(report).rows]
    judged = len(report["kinds_above_40_percent"])
    for name, rows in zip(names, (int(row[1]) for row in bad_kinds_table(report).rows), strict=True):
        assert (rows >= 5) == (names.index(name) < judged)
    further_off = {
        f"{phase}: {split} {kind}"
        for phase, splits in report["errors"]["device"].items()
        for split in SPLITS
        for kind, line in splits[split].items()
        if line["error"] > 0.4
    }
    assert set(names) == further_off


def test_errors_of_the_other_fits_stand_by_kind(report: dict[str, Any]) -> None:
    table = other_fits_table(report)
    cells = {row[0]: dict(zip(table.headings[1:], row[1:], strict=True)) for row in table.rows}
    expected = [
        report["errors"][fit]["prefill"]["device"]["apple"]["error"] for fit in ("in_sample", "model", "source")
    ]
    assert cells["device: apple"]["prefill"] == " / ".join(f"{100 * error:.0f}" for error in expected)
    assert cells["device: phone"]["decode"] == "–"
