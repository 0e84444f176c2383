"""The campaign tells apart how cases end, goes on after a process does, and counts all of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from edge_llm_agents.records.record import read_record
from experiments.faults.campaign import as_table, campaign, faults, play_again
from experiments.faults.kinds.table import KINDS
from experiments.faults.soak import slowdown
from experiments.faults.sources import SUFFIXES, folders, sources_sha256
from experiments.faults.verdict import GOOD, outcome_of
from tests.support import odd_cases


def test_every_way_to_end_is_told_and_the_record_gone_on_from(tmp_path: Path) -> None:
    said: list[str] = []
    campaign({"odd": odd_cases.KIND}, 4, 0, tmp_path, said.append)
    assert len(said) == 2
    records = campaign({"odd": odd_cases.KIND}, None, 0, tmp_path, said.append)
    entry = records["odd"]
    assert {name: value for name, value in read_record(tmp_path / "odd.json").items() if name != "provenance"} == {
        name: value for name, value in entry.items() if name != "provenance"
    }
    expected = list(odd_cases.VERDICTS.values())
    assert entry["tried"] == len(expected)
    assert entry["verdicts"] == {name: expected.count(name) for name in entry["verdicts"]}
    bad = [(at, name) for at, name in enumerate(expected) if name not in GOOD]
    assert [(fault["index"], fault["verdict"]) for fault in entry["faults"]] == bad
    assert faults(records) == len(bad) == len(said)
    assert as_table(records).splitlines()[1].split() == ["odd", "12", "1", "1", "5", "2", "1", "2"]


def test_a_record_of_other_sources_is_begun_anew_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {"odd": odd_cases.KIND._replace(make=odd_cases.mended, whole=2)}
    said: list[str] = []
    first = campaign(kinds, 1, 0, tmp_path, said.append)["odd"]
    assert first["sources_sha256"] == sources_sha256()
    assert campaign(kinds, 1, 0, tmp_path, said.append)["odd"]["tried"] == 1
    assert said == []
    monkeypatch.setattr("experiments.faults.campaign.sources_sha256", lambda: "of other sources")
    anew = campaign(kinds, 2, 0, tmp_path, said.append)["odd"]
    assert (anew["tried"], anew["sources_sha256"]) == (2, "of other sources")
    assert [line for line in said if "begun anew" in line] == [
        f"{tmp_path / 'odd.json'}: is of another sources_sha256: begun anew"
    ]
    again = play_again(kinds, tmp_path)["odd"]
    assert again["sources_sha256"] == "of other sources"


def test_the_sources_are_those_of_packages_experiments_and_scripts() -> None:
    held = {path.name for folder in folders() for path in folder.rglob("*") if path.suffix in SUFFIXES}
    assert held >= {"carry-over.toml", "comparing.py", "problem.py", "sources.py", "benchmark.py"}


def test_what_is_mended_is_counted_as_what_it_leads_to_now_and_what_it_was_stays(tmp_path: Path) -> None:
    of_names = partial(odd_cases.KIND._replace, whole=3)
    found = campaign({"odd": of_names(make=odd_cases.bad)}, None, 0, tmp_path)["odd"]
    assert found["verdicts"] | {"unclear": 2, "wrong": 1} == found["verdicts"]
    said: list[str] = []
    again = play_again({"odd": of_names(make=odd_cases.mended)}, tmp_path, said.append)["odd"]
    assert again["verdicts"] | {"clear": 1, "held": 1, "unclear": 1, "wrong": 0} == again["verdicts"]
    assert [(one["index"], one["verdict"], one["now"]["verdict"]) for one in again["mended"]] == [
        (0, "unclear", "clear"),
        (2, "wrong", "held"),
    ]
    assert [(one["index"], one["verdict"]) for one in again["faults"]] == [(1, "unclear")]
    assert len(said) == 3
    with pytest.raises(ValueError, match=r"case 1 must be 'rows', is 'rows = 1' by now"):
        play_again({"odd": of_names(make=odd_cases.make)}, tmp_path)


@pytest.mark.parametrize("name", KINDS)
def test_a_kinds_cases_are_the_same_each_time(name: str) -> None:
    assert [KINDS[name].make(0, index).what for index in range(20)] == [
        KINDS[name].make(0, index).what for index in range(20)
    ]


@pytest.mark.parametrize("name", [name for name in odd_cases.VERDICTS if name not in ("ended", "forever", "greedy")])
def test_what_an_error_must_say(name: str) -> None:
    assert outcome_of(odd_cases.CASES[name]).verdict == odd_cases.VERDICTS[name]


def test_a_soak_tells_by_how_much_the_end_of_an_episode_is_slower():
    found = [
        {"part": "pending", "halves_s": [2.0, 1.0]},
        {"part": "epochs", "tenths_s": [1.0, *[9.0] * 8, 6.0]},
        {"part": "epochs", "tenths_s": [1.5, *[1.0] * 8, 4.0]},
    ]
    assert slowdown(found) == 4.0
