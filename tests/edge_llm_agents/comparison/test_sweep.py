"""A comparison over the values of a field: a row per value, files, a figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_llm_agents import compare
from edge_llm_agents.comparison import sweep as sweep_module
from edge_llm_agents.comparison.comparing import ComparisonInterrupted
from edge_llm_agents.comparison.sweep import Sweep
from edge_llm_agents.evaluation.progress import Progress
from edge_llm_env import load_scenario
from tests.edge_llm_agents.comparison.roll_outs import SHORT, files_of

RATE = "workload.arrivals.rate_per_s"


@pytest.fixture(scope="module")
def swept() -> Sweep:
    return compare(["sjf", "value-carry-over"], SHORT, episodes=2, hindsight_episodes=0, sweep={RATE: [3, 8.0]})


def test_every_value_is_compared_as_it_is_alone(swept: Sweep) -> None:
    assert (swept.field, swept.values) == (RATE, [3, 8.0])
    busy = load_scenario(SHORT, **{RATE: 8.0})
    alone = compare("sjf", busy, episodes=2, hindsight_episodes=0)
    served = {record["policy"]: record["served_per_episode"] for record in swept.comparisons[1].policies}
    for record in alone.policies:
        assert served[record["policy"]] == record["served_per_episode"]
    assert served.keys() == {"DFTSP", "shortest job first", "value-carry-over"}


def test_it_is_written_as_data_tables_and_a_figure(swept: Sweep, tmp_path: Path) -> None:
    files = swept.save(tmp_path)
    name = "sweep-carry-over-workload-arrivals-rate_per_s"
    assert files_of(tmp_path) == sorted(f"{name}{suffix}" for suffix in (".json", ".csv", ".tex", ".png"))
    assert {file.name for file in files} == set(files_of(tmp_path))
    assert json.loads((tmp_path / f"{name}.json").read_text())["values"] == [3, 8.0]
    rows = (tmp_path / f"{name}.csv").read_text().splitlines()
    assert len(rows) == 1 + 2 * 3
    assert rows[0].startswith(f"{RATE},policy,requests/s")
    assert (tmp_path / f"{name}.tex").read_text().startswith(r"\begin{tabular}")
    lines = swept.figure().axes[0].get_lines()
    assert {line.get_label() for line in lines} == {"DFTSP", "shortest job first", "value-carry-over"}


def test_without_matplotlib_there_is_no_figure(swept: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "find_spec", lambda name: None)
    assert not [file for file in swept.save(tmp_path) if file.suffix == ".png"]


def test_ctrl_c_leaves_the_values_that_were_finished() -> None:
    begun = []

    def report(progress: Progress) -> None:
        begun.append((progress.part, progress.done))
        if begun.count(("playing", 0)) == 2:
            raise KeyboardInterrupt

    with pytest.raises(ComparisonInterrupted) as interruption:
        compare("sjf", SHORT, episodes=2, hindsight_episodes=0, sweep={RATE: [3, 5, 8]}, report=report)
    assert interruption.value.comparison.values == [3]


@pytest.mark.parametrize("values", [np.linspace(3, 5, 2), [np.float64(3), np.float32(5)], (3.0, 5.0), range(3, 6, 2)])
def test_numpy_s_values_are_swept_as_json_holds_them(values: Any) -> None:
    name, plain = sweep_module.swept({"workload.arrivals.rate_per_s": values})
    assert json.loads(json.dumps({name: plain})) == {"workload.arrivals.rate_per_s": [3.0, 5.0]}
    assert load_scenario("carry-over", **{name: plain[0]}).workload.arrivals.mean_rate_per_s == 3.0


@pytest.mark.parametrize("values", [3, "35", np.array(3.0), {"a": 3}])
def test_what_is_no_sequence_is_not_swept(values: Any) -> None:
    with pytest.raises(TypeError, match=r"^sweep\['epoch.epoch_s'\] = .*: must be a sequence of values"):
        sweep_module.swept({"epoch.epoch_s": values})
