"""What is noted of a run of MaskablePPO on an engine, and how the table says it."""

from __future__ import annotations

import pytest

from edge_llm_env import load_scenario
from experiments.scheduling import learners
from experiments.scheduling.learners import Beside, learn
from experiments.scheduling.learners_table import learners_table


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Beside:
    short = load_scenario("chat-orin", **{"epoch.episode_epochs": 1})
    monkeypatch.setattr(learners, "load_scenario", lambda name: short)
    return Beside.of("chat-orin", episodes=2)


def test_who_has_no_time_learns_nothing(beside: Beside) -> None:
    run = learn("plain", beside, 0, seconds=0.0)
    assert run["untrained"]["likeliest"] == run["trained"]["likeliest"]
    assert run["decisions"] == 16  # a step of every row, after which the time is looked at
    assert "cloned" not in run
    assert beside.record["cheapest"] == beside.rule.mean() > 0.0


def test_the_table_says_percent_of_the_rule() -> None:
    judged = {
        how: {"served": 50.0, "percent_of_rule": {"mean": percent, "low": percent - 1.0, "high": percent + 1.0}}
        for how, percent in (("likeliest", 101.0), ("drawn", 99.0))
    }
    run = {"scenario": "chat-orin", "seed": 3, "seconds": 180.0, "decisions": 12_345, "untrained": judged}
    runs = [
        run | {"way": "plain", "cloning_s": 0.0, "trained": judged},
        run | {"way": "sets", "cloning_s": 60.0, "cloned": judged, "trained": judged},
    ]
    rules = {"cheapest": 50.0, "vllm": 20.0, "random": 30.0}
    plain, sets = learners_table({"runs": runs, "beside": {"chat-orin": rules}}).rows
    assert plain[:5] == ("`chat-orin`", "50.0", "40, 60", "`MlpPolicy`", "3")
    assert plain[6] == plain[9] != sets[9]
    assert sets[6:] == (
        "60", "12,345", "101", "101.0 [100.0, 102.0]", "101.0 [100.0, 102.0]", "99.0 [98.0, 100.0]"
    )  # fmt: skip
