"""Cells and the hashes that tell whether one is stale."""

from pathlib import Path

import numpy as np
import pytest

from edge_llm_agents.records.cells import Cell, changes, read_cell, write_cell
from edge_llm_agents.records.hashes import workloads_sha256
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


@pytest.mark.parametrize("name", ["../out", "/out", "..", "", "a/b", "a\\b"])
def test_a_scenario_cannot_lead_out_of_the_folder(name: str) -> None:
    with pytest.raises(ValueError, match="must be the name of a folder of results"):
        Cell("EdgeLLM/Batching-v0", name, "mine").path(Path("suite"))


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


def test_what_is_no_cell_is_refused(tmp_path: Path) -> None:
    said = '{"provenance": {"versions": {}, "machine": {}}, "cell": {"environment": "a"}, "identity": {}}'
    for content, message in (("{", "is no record of results"), (said, "not a cell of the suite")):
        (tmp_path / "one.json").write_text(content)
        with pytest.raises(NoRecordError, match=rf"one.json: {message}"):
            read_cell(tmp_path / "one.json")


def test_numbers_of_a_workload_set_are_of_its_workloads() -> None:
    assert WorkloadSet.of(small_scenario(), 3, 7).identity().items() >= {"episodes": 3, "workload_seed": 7}.items()
    assert np.unique([WorkloadSet.of(small_scenario(), 2, seed).sha256 for seed in range(3)]).size == 3
