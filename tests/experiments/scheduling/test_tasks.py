"""What is measured of presets of agent tasks, and what the presets promise."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from edge_llm_env import draw_workloads, list_scenarios, load_scenario
from edge_llm_env.scenarios.loading import preset_content
from experiments.scheduling.tasks import Measured, Played, findings_of_tasks, measure_tasks, median_task_s
from tests.support.tasks import small_tasks

PRESETS = [name for name in list_scenarios() if "tasks" in preset_content(name)["workload"]]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_have_long_contexts_and_episodes_of_ten_tasks(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.decoder.context_limit >= 32_768
    median_s = median_task_s(scenario, draw_workloads(scenario, 4))
    assert scenario.epoch.episode_epochs * scenario.epoch.epoch_s >= 10.0 * median_s
    assert scenario.workload.tasks.tool_times.longest_s == 60.0


def test_a_task_takes_its_calls_and_tools() -> None:
    scenario = small_tasks()
    (workload,) = draw_workloads(scenario, 1)
    epoch_s = scenario.epoch.epoch_s
    single = np.flatnonzero(np.bincount(workload.task) == 1)
    first = np.searchsorted(workload.task, single[0])
    mine = type(workload)(
        **{
            name: None if (array := getattr(workload, name)) is None else array[first : first + 1]
            for name in workload.__dataclass_fields__
        }
    )
    mine = type(mine)(**(mine.given() | {"task": np.zeros(1, dtype=np.int64)}))
    begins = np.floor(mine.arrival_s[0] / epoch_s) + 1
    assert median_task_s(scenario, [mine]) == pytest.approx((begins + 1) * epoch_s - mine.arrival_s[0])


def test_measurements() -> None:
    found = measure_tasks(small_tasks(epoch__episode_epochs=12), episodes=2, hindsight_episodes=1, seed=0)
    assert found.rules["DFTSP"].percent_of_dftsp == 100.0
    assert {"index of tasks, tuned slack", "informed: told the calls"} <= found.rules.keys()
    assert "discount" not in found.tuned
    assert found.rules["DFTSP"].reward == found.rules["DFTSP"].completed / 2
    assert (found.learned, found.failures_cost) == ({}, False)
    assert found.hindsight["rule"] <= found.hindsight["schedule"] <= found.hindsight["bound"]


@pytest.mark.parametrize("failures_cost", [False, True])
def test_measurements_in_words(failures_cost: bool) -> None:
    """Where failures cost, a rule that completes most at whatever cost is not the best."""
    rules = {
        "DFTSP": Played(50, 30, 20.0, 0.5, 100.0, [100.0, 100.0], False),
        "index": Played(60, 20, 40.0, 0.25, 120.0, [110.0, 130.0], False),
        "careless": Played(64, 36, 10.0, 0.4, 128.0, [120.0, 136.0], False),
        "told": Played(70, 10, 60.0, 0.1, 140.0, [130.0, 150.0], True),
    }
    mine = {"mine": Played(65, 15, 50.0, 0.2, 130.0, [120.0, 140.0], False)}
    hindsight = {"episodes": 1, "dftsp": 25, "rule": 30, "schedule": 36, "bound": 40}
    text = findings_of_tasks(asdict(Measured(2, 100, 20.0, failures_cost, rules, mine, {}, hindsight)))
    lines = [
        "| told |",
        "| learned: `mine` | 65.0 | 20 | 130.0 [120.0, 140.0] |",
        "| careless | 64.0 | 40 | 128.0 [120.0, 136.0] |",
        "| index | 60.0 | 25 | 120.0 [110.0, 130.0] |",
        "| DFTSP |",
    ]
    best = "careless completes 64.0 % and DFTSP on calls 50.0 %"
    if failures_cost:
        lines = [lines[0], f"{lines[1]} 50.0 |", f"{lines[3]} 40.0 |", lines[4], f"{lines[2]} 10.0 |"]
        best = "index, which earns most, completes 60.0 % and DFTSP on calls 50.0 %"
    assert best in text
    assert sorted(lines, key=text.index) == lines
    assert ("| reward |" in text) == failures_cost
