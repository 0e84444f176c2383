"""Cells and the hashes that tell whether one is stale."""

import ast
from pathlib import Path

import numpy as np
import pytest

from edge_llm_agents.records import hashes
from edge_llm_agents.records.cells import Cell, changes, read_cell, write_cell
from edge_llm_agents.records.hashes import code_sha256, environments_sha256, statements, workloads_sha256
from edge_llm_agents.records.record import NoRecordError
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_env.workload.streams import draw_workloads
from tests.support.helpers import small_scenario, workload_at


def test_a_cell_is_a_file_by_environment_scenario_policy_and_seed(tmp_path: Path) -> None:
    cell = Cell("EdgeLLM/Batching-v0", "carry-over", "StB (static batching)")
    assert cell.path(Path("suite")) == Path("suite/Batching-v0/carry-over/stb-static-batching.json")
    assert Cell("preparation", "bursty", "my PPO", 3).path(Path()) == Path("preparation/bursty/my-ppo-seed3.json")
    assert str(Cell("EdgeLLM/Joint-v0", "bursty", "my PPO", 3)) == "EdgeLLM/Joint-v0, bursty, my PPO, seed 3"
    record = {"cell": {"environment": "a", "scenario": "b", "policy": "c", "seed": 0}, "identity": {}, "served": [1]}
    write_cell(tmp_path, record)
    assert read_cell(tmp_path / "a" / "b" / "c.json").items() >= record.items()


def test_a_cell_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    record = {"cell": {"environment": "a", "scenario": "b", "policy": "c", "seed": 0}, "identity": {}, "served": [1]}
    write_cell(tmp_path, record)
    with pytest.raises(ValueError, match="Out of range float"):
        write_cell(tmp_path, record | {"decision_us": float("nan")})
    assert read_cell(tmp_path / "a" / "b" / "c.json").items() >= record.items()


def test_changes_are_said_by_name() -> None:
    now = {"episodes": 5, "numpy": "2.0"}
    assert changes(now, now | {"more": 1}) == ""
    assert changes(now, {"episodes": 4}) == "episodes 4 → 5, numpy None → 2.0"


def test_the_hash_of_workloads_changes_with_every_value_and_order() -> None:
    one, other = workload_at([0.0, 1.0]), workload_at([0.0, 1.0], output_tokens=[128, 129])
    assert workloads_sha256([one]) == workloads_sha256([workload_at([0.0, 1.0])])
    hashes = [workloads_sha256(workloads) for workloads in ([one], [other], [one, other], [other, one])]
    assert len(set(hashes)) == 4


def test_workloads_that_come_out_otherwise_are_refused() -> None:
    scenario = small_scenario()
    workload_set = WorkloadSet.of(scenario, 2, 0)
    assert [one.requests for one in workload_set.draw()] == [one.requests for one in draw_workloads(scenario, 2, 0)]
    with pytest.raises(ValueError, match=r"workloads of carry-over: have the hash .* here, must be 000000000000"):
        workload_set._replace(sha256="0" * 64).draw()


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
    assert (
        len(
            {
                code_sha256("edge_llm_agents.evaluation.playing"),
                code_sha256("edge_llm_baselines.solvers.dftsp"),
                environments_sha256(),
            }
        )
        == 3
    )
    with pytest.raises(ValueError, match=r"module 'baselines\.dtfsp': there is no such module"):
        code_sha256("baselines.dtfsp")


def test_what_is_no_cell_is_refused(tmp_path: Path) -> None:
    said = '{"provenance": {"versions": {}, "machine": {}}, "cell": {"environment": "a"}, "identity": {}}'
    for content, message in (("{", "is no record of results"), (said, "not a cell of the suite")):
        (tmp_path / "one.json").write_text(content)
        with pytest.raises(NoRecordError, match=rf"one.json: {message}"):
            read_cell(tmp_path / "one.json")


def test_numbers_of_a_workload_set_are_of_its_workloads() -> None:
    assert WorkloadSet.of(small_scenario(), 3, 7).identity().items() >= {"episodes": 3, "workload_seed": 7}.items()
    assert np.unique([WorkloadSet.of(small_scenario(), 2, seed).sha256 for seed in range(3)]).size == 3
