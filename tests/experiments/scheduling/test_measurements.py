"""What schedulers serve, as pages of presets say it."""

from __future__ import annotations

from dataclasses import asdict

from edge_llm_env import load_scenario
from experiments.scheduling.measurements import Measured, findings_of_schedules, measure_schedules

FOUND = Measured(
    episodes=10,
    arrived=1000,
    memory=0.25,
    served={"cheapest first": 800, "Sarathi-Serve": 400},
    numbers={"cheapest first": [4.0, 0.5, 2.0], "Sarathi-Serve": [512.0]},
    hindsight={"episodes": 2, "rule": 160, "schedule": 176, "bound": 200},
)


def test_findings_in_words() -> None:
    text = findings_of_schedules(asdict(FOUND))
    assert "cheapest first serves 80.0 %, 25 % of the KV cache in use" in text
    assert "serves 160, a clairvoyant's schedule 176 (+10.0 %), and no policy more than 200 (+25.0 %)." in text
    assert "| Sarathi-Serve | 512 | 40.0 | -50.0 % |" in text


def test_who_is_solved_by_a_rule_says_so() -> None:
    text = findings_of_schedules(asdict(FOUND) | {"hindsight": FOUND.hindsight | {"schedule": 161}})
    assert "the preset is solved by a rule" in text


def test_measurements_stand_in_order() -> None:
    short = load_scenario("chat-orin", **{"epoch.episode_epochs": 2})
    found = measure_schedules(short, episodes=3, hindsight_episodes=2, seed=0)
    assert found.hindsight["rule"] <= found.hindsight["bound"]
    assert found.hindsight["schedule"] <= found.hindsight["bound"]
    assert all(0 < count <= found.arrived for count in found.served.values())
