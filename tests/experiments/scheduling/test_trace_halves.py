"""Schedulers are learned on the first half of a trace and judged on the second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_llm_agents.scheduling.search import SchedulerSettings
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_env.arrivals.trace import TraceArrivals
from edge_llm_env.scenarios import Scenario, load_scenario
from experiments.scheduling import trace_halves
from experiments.scheduling.trace_halves import Judged, halves, halves_table
from tests.support.helpers import AZURE_TRACE


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    file = tmp_path / "trace.csv"
    file.write_text(AZURE_TRACE)
    return file


def times_s(scenario: Scenario) -> np.ndarray:
    """Of the part that a scenario replays, from the start of the trace on, unscaled."""
    arrivals = scenario.workload.arrivals
    assert isinstance(arrivals, TraceArrivals)
    return arrivals.part.arrival_s / arrivals.time_scale + arrivals.start_offset_s


def test_the_halves_have_no_request_in_common(trace: Path) -> None:
    whole = load_scenario("azure-continuous", **{"workload.arrivals.path": str(trace)})
    first, second = halves("azure-continuous", trace)
    assert times_s(first).max() < times_s(second).min()
    np.testing.assert_allclose(np.concatenate([times_s(first), times_s(second)]), times_s(whole))


def test_who_has_searched_is_judged_on_the_second_half(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(name: str, file: Path) -> tuple[Scenario, Scenario]:
        first, second = (load_scenario(one, **{"epoch.episode_epochs": 1}) for one in halves(name, file))
        return first, second

    monkeypatch.setattr(trace_halves, "halves", short)
    judged = Judged("azure-continuous", trace, episodes=3, hindsight_episodes=1)
    run = judged.learn(SchedulerSettings(1, 1, CrossEntropySettings(2, 2, 0.6, 1.0, 0.1), 1, 1), seed=0)
    hindsight = run["hindsight"]
    assert hindsight["rule"] <= hindsight["schedule"] <= hindsight["bound"]
    record = judged.record()
    assert 0 < record["rules"]["cheapest"]["served"] <= record["arrived"]
    (row,) = halves_table({"scenarios": {"azure-continuous": record | {"runs": [run]}}}).rows
    assert row[0] == "`azure-continuous`"
    assert float(row[4].split()[0]) == pytest.approx(
        100.0 * run["served"] / record["rules"]["cheapest"]["served"], abs=0.05
    )
