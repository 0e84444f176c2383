"""Trials of plain PPO and SAC: what is noted of one, and how the table says it."""

import pytest

from edge_llm_env.registration import environment
from experiments.allocation.trials import PARAMETRIZATIONS, trial, trials
from experiments.allocation.trials_table import trials_table
from tests.support.clock import Clock


@pytest.mark.parametrize("algorithm", ["PPO", "SAC"])
def test_who_has_no_time_learns_nothing_and_serves_as_before(algorithm: str) -> None:
    run = trial("Bandwidth-v0, values", algorithm, 0, episodes=2, seconds=0.0)
    assert run["untrained"] == run["trained"] > 0.0
    assert run["difference"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert run["decisions"] == 16  # a step of every row, after which the time is looked at


def test_who_has_time_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.allocation.trials.time.process_time", Clock(step_s=1.0).perf_counter)
    run = trial("Compute-v0, logits", "SAC", 0, episodes=2, seconds=40.0)
    assert run["decisions"] == 40 * 16
    assert run["difference"]["mean"] == run["trained"] - run["untrained"] != 0.0


def test_what_is_done_is_not_tried_again() -> None:
    done = [
        {"parametrization": name, "algorithm": one, "seed": 0} for name in PARAMETRIZATIONS for one in ("PPO", "SAC")
    ]
    assert list(trials(tuple(PARAMETRIZATIONS), (0,), done, episodes=2)) == []


def test_the_table_has_the_difference_of_every_seed_where_it_is_known() -> None:
    known = {"mean": 12.0, "low": 10.0, "high": 14.0}
    runs = [
        {"parametrization": "Compute-v0, logits", "algorithm": "PPO", "seed": seed, "decisions": 1600 + seed}
        | {"untrained": 250.0, "trained": 262.0, "difference": difference}
        for seed, difference in enumerate((known, None))
    ]
    table = trials_table(environment("EdgeLLM/Compute-v0"), {"runs": runs, "references": {}})
    assert table is not None
    assert table.rows[0][:6] == ("logits", "PPO", "1,600, 1,601", "250, 250", "262, 262", "+12.0 [+10.0, +14.0]")
    assert trials_table(environment("EdgeLLM/Joint-v0"), {"runs": runs, "references": {}}) is None
