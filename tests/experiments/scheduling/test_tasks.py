"""What is measured of presets of agent tasks, and what the presets promise."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from edge_llm_env import draw_workloads, list_scenarios, load_scenario
from edge_llm_env.scenarios.loading import preset_content
from experiments.scheduling.tasks import Played, findings_of_tasks, measure_tasks, median_task_s
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


def test_measurements_and_their_words() -> None:
    found = measure_tasks(small_tasks(epoch__episode_epochs=12), episodes=2, hindsight_episodes=1, seed=0)
    assert found.rules["DFTSP"].percent_of_dftsp == 100.0
    assert {"index of tasks, tuned slack", "informed: told the calls"} <= found.rules.keys()
    assert "discount" not in found.tuned
    assert found.hindsight["rule"] <= found.hindsight["schedule"] <= found.hindsight["bound"]
    worded = {"DFTSP": Played(50, 30, 0.5, 100.0, [100.0, 100.0], False)}
    worded["index"] = Played(60, 20, 0.25, 120.0, [110.0, 130.0], False)
    worded["told"] = Played(70, 10, 0.1, 140.0, [130.0, 150.0], True)
    text = findings_of_tasks(
        asdict(found) | {"rules": {name: asdict(one) for name, one in worded.items()}, "arrived": 100}
    )
    assert "index completes 60.0 % and DFTSP on calls 50.0 %" in text
    assert text.index("| told |") < text.index("| index | 60.0 | 25 | 120.0 [110.0, 130.0] |") < text.index("| DFTSP |")
