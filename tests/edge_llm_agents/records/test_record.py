"""Records as files: what they always say, how they read, and that every one in the repository is one."""

import json
from pathlib import Path

import pytest

from edge_llm_agents.pretrained.shipped import PRETRAINED
from edge_llm_agents.records.cells import PREPARATION, Cell, cell_files, read_cell
from edge_llm_agents.records.fields import BESIDE, CELL, EARNED, IDENTITY, PLAYED, PREPARED, PROVENANCE
from edge_llm_agents.records.record import PACKAGES, NoRecordError, as_json, provenance, read_record, write_record
from edge_llm_baselines.registry.registered import baselines_of

RECORDED = Path(__file__).parents[3] / "results" / "recorded"
FILES = [*sorted(RECORDED.rglob("*.json")), *sorted(PRETRAINED.glob("*.json"))]


def test_a_record_says_what_it_was_made_with(tmp_path: Path) -> None:
    text = write_record(tmp_path / "new" / "one.json", {"served": [1, 2], "runs": [{"seed": 0}]})
    assert (tmp_path / "new" / "one.json").read_text() == text
    found = read_record(tmp_path / "new" / "one.json")
    assert found == {"served": [1, 2], "runs": [{"seed": 0}], "provenance": provenance()}
    assert set(found["provenance"]["versions"]) >= {"python", *PACKAGES}
    assert set(found["provenance"]["machine"]) == {"machine", "system", "cores"}


def test_a_record_of_another_process_keeps_its_provenance(tmp_path: Path) -> None:
    made_with = {"versions": {"numpy": "1.0"}, "machine": {}}
    write_record(tmp_path / "one.json", {"provenance": made_with})
    assert read_record(tmp_path / "one.json")["provenance"] == made_with


def test_lists_of_numbers_stand_on_one_line() -> None:
    text = as_json({"served": [1, 2], "names": ["a, b", "[ 1,\n 2 ]"], "runs": [{"seeds": [0]}], "none": []})
    assert '\n "served": [1, 2],\n' in text
    assert '\n   "seeds": [0]\n' in text
    assert json.loads(text)["names"] == ["a, b", "[ 1,\n 2 ]"]


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    for content in ("{", "[]", "{}", "3", '{"provenance": 1}', '{"provenance": {"versions": {}}}'):
        (tmp_path / "one.json").write_text(content)
        with pytest.raises(NoRecordError, match=r"one.json: is no record of results"):
            read_record(tmp_path / "one.json")


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "one.json").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(NoRecordError, match=r"one.json: .* has 1,099,511,627,776 bytes, must have at most"):
        read_record(tmp_path / "one.json")


@pytest.mark.parametrize("file", FILES, ids=[f"{one.parent.name}/{one.stem}" for one in FILES])
def test_every_recorded_file_is_a_record_as_this_package_writes_it(file: Path) -> None:
    assert as_json(read_record(file)) + "\n" == file.read_text(encoding="utf-8")


CELLS = cell_files(RECORDED / "suite")


@pytest.mark.parametrize("file", CELLS, ids=[f"{one.parent.parent.name}/{one.parent.name}/{one.stem}" for one in CELLS])
def test_every_recorded_cell_has_the_fields_that_are_written_down(file: Path) -> None:
    record = read_cell(file)
    prepares = record["cell"]["environment"] == PREPARATION
    kind = PREPARED[record["cell"]["policy"].partition(" ")[0]] if prepares else PLAYED
    earns = not prepares and baselines_of(record["cell"]["environment"]).earning is not None
    assert record.keys() - BESIDE.keys() == {"cell", "identity", "provenance"} | kind.keys() | (
        EARNED.keys() if earns else set()
    )
    assert len(record.keys() & BESIDE.keys()) == earns
    assert record["cell"].keys() == CELL.keys()
    assert record["identity"].keys() == IDENTITY.keys() - ({"environment_sha256"} if prepares else set())
    assert record["provenance"].keys() == PROVENANCE.keys()
    assert Cell(**record["cell"]).path(RECORDED / "suite") == file
