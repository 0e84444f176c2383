"""What keeping caches is worth is measured on the same workloads, each way."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from edge_llm_baselines.schedulers import policy
from experiments.scheduling.task_caches import BY_ACTION, SWAPPED, SWAPPED_BY_ACTION, caches_table, measure_caches
from tests.support.tasks import small_tasks

SCENARIO = small_tasks(epoch__episode_epochs=12)


@pytest.mark.parametrize("runs_engine", [False, True])
def test_measurements(runs_engine: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "TUNING_EPISODES", 1)
    found = measure_caches(SCENARIO, runs_engine, episodes=2, seed=0)
    assert sorted(found.ways) == sorted(["drop", "keep", "keep_while_slack", SWAPPED, BY_ACTION, SWAPPED_BY_ACTION])
    assert found.ways["drop"].percent_of_dropped == 100.0
    assert found.ways["drop"].reused == 0.0
    assert 0.0 < found.ways["keep"].reused < 1.0
    assert 0 < found.ways["keep"].completed <= found.arrived
    assert bool(found.numbers) == runs_engine
    lines = caches_table({"scenarios": {"small": asdict(found)}}).markdown().splitlines()
    assert len(lines) == 2 + len(found.ways)
    assert lines[2].startswith("| small | `drop` |")
