"""What schedulers serve, as pages of presets say it."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from edge_llm_baselines.schedulers.clairvoyant import tasks as clairvoyant_tasks
from edge_llm_baselines.schedulers.suite import OF_TASKS, SCHEDULERS
from edge_llm_env import load_scenario
from experiments.scheduling import measurements
from experiments.scheduling.measurements import Measured, findings_of_schedules, measure_schedules
from tests.support.tasks import small_tasks

TWO = {"fewest-calls": OF_TASKS["fewest-calls"], "sarathi": SCHEDULERS["sarathi"]}

FOUND = Measured(
    episodes=10,
    arrived=1000,
    of="requests",
    memory=0.25,
    served={"cheapest first": 800, "Sarathi-Serve": 400},
    numbers={"cheapest first": [4.0, 0.5, 2.0], "Sarathi-Serve": [512.0]},
    learned={"mine": 840},
    preempted={"cheapest first": 30, "Sarathi-Serve": 0, "mine": 5},
    hindsight={"episodes": 2, "rule": 160, "learned": 168, "searched": 172, "schedule": 176, "bound": 200},
)


def test_findings_in_words() -> None:
    text = findings_of_schedules(asdict(FOUND))
    assert "cheapest first serves 80.0 %, 25 % of the KV cache in use" in text
    assert "serves 160, the learned policy 168 (+5.0 %), the best schedule known 176 (+10.0 %)" in text
    assert "and no policy more than 200 (+25.0 %)." in text
    assert "| learned: `mine` |  | 84.0 | +5.0 % | 0.5 |" in text
    assert "| Sarathi-Serve | 512 | 40.0 | -50.0 % | 0.0 |" in text


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (161, "; the preset is solved by a rule."),
        (170, "; the schedule serves less than the 8 % more from which learning has room."),
        (176, "(+25.0 %)."),
    ],
)
def test_where_learning_has_little_room_the_page_says_so(schedule: int, said: str) -> None:
    assert said in findings_of_schedules(asdict(FOUND) | {"hindsight": FOUND.hindsight | {"schedule": schedule}})


def test_measurements_stand_in_order() -> None:
    short = load_scenario("chat-orin", **{"epoch.episode_epochs": 2})
    found = measure_schedules(short, episodes=3, hindsight_episodes=2, seed=0)
    in_order = [found.hindsight[which] for which in ("searched", "schedule", "bound")]
    assert found.hindsight["rule"] <= found.hindsight["schedule"]
    assert in_order == sorted(in_order)
    assert found.preempted.keys() == found.served.keys()
    assert all(0 < count <= found.arrived for count in found.served.values())


def test_tasks_are_counted_where_requests_are_their_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    two = {key: (key, rule._replace(grid=tuple(one[:1] for one in rule.grid))) for key, (_, rule) in TWO.items()}
    for module in (measurements, clairvoyant_tasks):
        monkeypatch.setattr(module, "schedulers_for", lambda scenario: two)
    short = small_tasks(epoch__episode_epochs=15, workload__arrivals__rate_per_s=2.0)
    found = measure_schedules(short, episodes=2, hindsight_episodes=1, seed=0)
    assert found.of == "tasks"
    assert found.hindsight["rule"] <= found.hindsight["schedule"] <= found.hindsight["bound"]
    assert found.served.keys() == TWO.keys()
    assert 0 < max(found.served.values()) <= found.arrived
    assert f"{found.arrived / 2:.0f} tasks each" in findings_of_schedules(asdict(found))
