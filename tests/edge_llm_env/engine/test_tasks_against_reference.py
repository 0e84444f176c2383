"""The compiled engine that serves the calls of tasks against the one in plain Python, decision by decision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_env.engine.rows.calls import TaskEngineSimulation
from edge_llm_env.engine.rows.percentiles import task_percentiles
from tests.edge_llm_env.engine.test_against_reference import compare_ends, play
from tests.references.tasks.plain_task_engine import PlainTaskEngine
from tests.support.helpers import ROOFLINE
from tests.support.tasks import TASK_WEIGHTS, small_tasks

ENGINE = {name.replace(".", "__"): value for name, value in (ROOFLINE | TASK_WEIGHTS).items()} | {
    "epoch__visible_slots": 6,
    "epoch__episode_epochs": 6,
    "iterations__running_slots": 5,
}
SHORT_OF_MEMORY = {"node__memory_bytes_per_module": 7.4e9, "iterations__block_tokens": 8}
CASES: dict[str, dict[str, Any]] = {
    "kept while slack": {},
    "dropped": {"workload__tasks__kv_cache": "drop"},
    "kept, memory short": {"workload__tasks__kv_cache": "keep", **SHORT_OF_MEMORY},
    "while slack, memory short, lengths unknown": {
        "workload__tasks__cache_share": 0.3,
        "iterations__output_lengths": "unknown",
        **SHORT_OF_MEMORY,
        "node__memory_bytes_per_module": 7.2e9,
    },
    "host memory": {
        "iterations__host_memory_bytes": 3e8,
        "iterations__host_link_bytes_per_s": 2e9,
        **SHORT_OF_MEMORY,
    },
    "swapped": {
        "workload__tasks__kv_cache": "keep_or_swap",
        "workload__tasks__cache_share": 0.2,
        "iterations__host_memory_bytes": 1e9,
        "iterations__host_link_bytes_per_s": 2e9,
        **SHORT_OF_MEMORY,
    },
    "swapped while the host has room": {
        "workload__tasks__kv_cache": "keep_or_swap",
        "workload__tasks__cache_share": 0.1,
        "iterations__host_memory_bytes": 1e8,
        "iterations__host_link_bytes_per_s": 1e9,
        **SHORT_OF_MEMORY,
    },
}


@pytest.mark.parametrize("case", CASES)
def test_episode_is_that_of_the_reference(case: str) -> None:
    total: dict[str, int] = {}
    for seed in range(3):
        simulation = TaskEngineSimulation(small_tasks(**(ENGINE | CASES[case])), rows=1)
        counted, plain, paid = play(simulation, PlainTaskEngine, seed)
        assert isinstance(plain, PlainTaskEngine)
        compare_ends(simulation, plain, paid, task_percentiles(simulation, np.zeros(1, dtype=np.intp))["percentiles"])
        weights = simulation.scenario.reward
        expected = [weights.task_completed * plain.paid_completed, weights.task_failed * plain.paid_failed]
        assert paid[-2:] == pytest.approx(expected, rel=1e-12)
        for name, value in counted.items():
            total[name] = total.get(name, 0) + value
    assert total["tasks_completed"] > 10
    assert total["tasks_failed"] > 3
    assert total["calls_wasted"] > 0
    assert (total["cached_tokens_reused"] > 0) == (case != "dropped")
    assert total["preempted"] > 0
    assert (total["swapped"] > 0) == ("iterations__host_memory_bytes" in CASES[case])
