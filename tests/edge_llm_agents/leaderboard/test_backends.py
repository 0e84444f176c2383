"""The suite in several processes: of this machine, and of a Ray cluster that the test starts."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import pytest

from edge_llm_agents.leaderboard import running
from edge_llm_agents.leaderboard.jobs import Playing
from edge_llm_agents.leaderboard.policies.rules import Rule
from edge_llm_agents.leaderboard.running import Ran, register_ray, run_jobs
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_env import load_scenario
from tests.edge_llm_agents.leaderboard.small import cells, small_suite
from tests.edge_llm_agents.leaderboard.test_suite import results
from tests.support.programs.clusters import begin_cluster


@pytest.fixture(params=["local", "ray"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A backend of two processes."""
    if request.param == "ray":
        begin_cluster(monkeypatch)
        import ray

        yield request.param
        ray.shutdown()
    else:
        yield request.param
        joblib.externals.loky.get_reusable_executor().shutdown()


def test_cells_are_the_same_from_several_processes_as_from_this_one(backend: str, tmp_path: Path) -> None:
    small_suite(tmp_path)  # writes the scenario
    workload_set = WorkloadSet.of(load_scenario(tmp_path / "short.toml"), 3, 0)
    tuned = {"dftsp": None, "look-ahead": 0.5, "random": None, "no such rule": None}
    jobs = [
        Playing("EdgeLLM/BatchSelection-v0", key, 0, Rule(key, value, 0), workload_set, 2)
        for key, value in tuned.items()
    ]
    lines: list[str] = []
    assert run_jobs(jobs, tmp_path / "suite", backend, 2, lines.append) == Ran(0, computed=3, left_out=0, failed=1)
    assert "no such rule: failed: KeyError: 'no such rule'" in lines[0]
    here = tmp_path / "here"
    assert run_jobs(jobs[:3], here / "suite", "local", 1, lines.append).computed == 3
    assert results(cells(tmp_path)) == results(cells(here))
    assert run_jobs(jobs[:3], tmp_path / "suite", backend, 2, lines.append) == Ran(3, computed=0, left_out=0, failed=0)


def test_a_cell_from_a_process_with_other_code_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_suite(tmp_path)
    workload_set = WorkloadSet.of(load_scenario(tmp_path / "short.toml"), 2, 0)
    job = Playing("EdgeLLM/BatchSelection-v0", "DFTSP", 0, Rule("dftsp", None, 0), workload_set, 1)
    made = running.record_of

    def elsewhere(job: Playing) -> dict[str, Any]:
        record = made(job)
        return record | {"identity": record["identity"] | {"environment_sha256": "0" * 64}}

    monkeypatch.setattr(running, "record_of", elsewhere)
    lines: list[str] = []
    assert run_jobs([job], tmp_path / "suite", "local", 1, lines.append).failed == 1
    assert (
        "DFTSP: failed: its process has others than this one (there → here): environment_sha256 000000000000 → "
        in lines[0]
    )
    assert not cells(tmp_path)


def test_ray_that_is_not_installed_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray.util.joblib.ray_backend", None)
    with pytest.raises(ValueError, match=r"Ray is not installed: pip install \"edge-llm-env\[cluster\]\""):
        register_ray()
