"""Cells and the hashes that tell whether one is stale."""

import ast
from pathlib import Path

import numpy as np
import pytest

from agents.suite import hashes
from agents.suite.cells import Cell, changes, read_cell, write_cell
from agents.suite.hashes import code_sha256, environments_sha256, statements, tapes_sha256
from agents.suite.tape_sets import TapeSet
from edge_llm_env.workload.streams import draw_workloads
from tests.helpers import small_scenario, tape


def test_a_cell_is_a_file_by_environment_scenario_policy_and_seed(tmp_path: Path) -> None:
    cell = Cell("EdgeLLM/Batching-v0", "carry-over", "StB (static batching)")
    assert cell.path(Path("suite")) == Path("suite/Batching-v0/carry-over/stb-static-batching.json")
    assert Cell("preparation", "bursty", "my PPO", 3).path(Path()) == Path("preparation/bursty/my-ppo-seed3.json")
    assert str(Cell("EdgeLLM/Joint-v0", "bursty", "my PPO", 3)) == "EdgeLLM/Joint-v0, bursty, my PPO, seed 3"
    record = {"cell": {"environment": "a", "scenario": "b", "policy": "c", "seed": 0}, "identity": {}, "served": [1]}
    write_cell(tmp_path, record)
    assert read_cell(tmp_path / "a" / "b" / "c.json") == record


def test_a_cell_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    record = {"cell": {"environment": "a", "scenario": "b", "policy": "c", "seed": 0}, "identity": {}, "served": [1]}
    write_cell(tmp_path, record)
    with pytest.raises(ValueError, match="Out of range float"):
        write_cell(tmp_path, record | {"decision_us": float("nan")})
    assert read_cell(tmp_path / "a" / "b" / "c.json") == record


def test_changes_are_said_by_name() -> None:
    now = {"tapes": 5, "versions": {"numpy": "2.0", "scipy": "1.0"}}
    assert changes(now, now | {"more": 1}) == ""
    assert changes(now, {"tapes": 4, "versions": {"numpy": "1.0"}}) == "tapes 4 → 5, numpy 1.0 → 2.0, scipy None → 1.0"


def test_the_hash_of_tapes_changes_with_every_value_and_order() -> None:
    one, other = tape([0.0, 1.0]), tape([0.0, 1.0], output_tokens=[128, 129])
    assert tapes_sha256([one]) == tapes_sha256([tape([0.0, 1.0])])
    hashes = [tapes_sha256(tapes) for tapes in ([one], [other], [one, other], [other, one])]
    assert len(set(hashes)) == 4


def test_tapes_that_come_out_otherwise_are_refused() -> None:
    scenario = small_scenario()
    tape_set = TapeSet.of(scenario, 2, 0)
    assert [one.requests for one in tape_set.draw()] == [one.requests for one in draw_workloads(scenario, 2, 0)]
    with pytest.raises(ValueError, match=r"tapes of carry-over: have the hash .* here, must be 000000000000"):
        tape_set._replace(sha256="0" * 64).draw()


def statements_of(source: str) -> str:
    return statements(ast.parse(source))


def test_code_counts_by_what_it_does() -> None:
    plain = statements_of("def double(x):\n    return 2 * x\n")
    assert statements_of('"""Doubling."""\n\ndef double(x):  # twice\n    """2x."""\n    return (2 *\n  x)') == plain
    assert statements_of("def double(x):\n    return 3 * x\n") != plain


def test_code_counts_with_what_it_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("__init__", ""), ("one", "from mine import two\n"), ("two", "X = 1\n"), ("three", "Y = 1\n")):
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr(hashes, "FOLLOWED", ("mine",))
    monkeypatch.setattr(hashes, "files", lambda package: tmp_path)

    def found() -> str:
        code_sha256.cache_clear()
        hashes._file.cache_clear()
        return code_sha256("mine.one")

    before = found()
    (tmp_path / "three.py").write_text("Y = 2\n")
    assert found() == before
    (tmp_path / "two.py").write_text("X = 2\n")
    assert found() != before
    monkeypatch.undo()
    code_sha256.cache_clear()
    hashes._file.cache_clear()


def test_the_code_of_modules_has_a_hash() -> None:
    assert len({code_sha256("agents.evaluation"), code_sha256("baselines.dftsp"), environments_sha256()}) == 3
    with pytest.raises(ValueError, match=r"module 'baselines\.dtfsp': there is no such module"):
        code_sha256("baselines.dtfsp")


def test_what_is_no_cell_is_refused(tmp_path: Path) -> None:
    for content in ("{", "[]", "{}", '{"cell": {"environment": "a"}, "identity": {}}'):
        (tmp_path / "one.json").write_text(content)
        with pytest.raises(ValueError, match=r"one.json: not a cell of the suite"):
            read_cell(tmp_path / "one.json")


def test_numbers_of_a_tape_set_are_of_its_tapes() -> None:
    assert TapeSet.of(small_scenario(), 3, 7).identity().items() >= {"tapes": 3, "tape_seed": 7}.items()
    assert np.unique([TapeSet.of(small_scenario(), 2, seed).sha256 for seed in range(3)]).size == 3
