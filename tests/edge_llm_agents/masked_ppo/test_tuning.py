"""Searching hyperparameters: what is drawn, going on, and what the best run leaves."""

import json
import logging
from dataclasses import asdict
from pathlib import Path

import optuna
import pytest

from edge_llm_agents.masked_ppo import tuning
from edge_llm_agents.masked_ppo.settings import TrainingSettings
from edge_llm_agents.masked_ppo.tuning import SPACE, drawn_settings, tune
from edge_llm_env import load_scenario

TINY = TrainingSettings(
    scenario="short.toml", steps=256, rows=8, rollout_steps=16, checkpoint_every=128, validation_episodes=2,
    hindsight_episodes=0,
)  # fmt: skip


@pytest.fixture(autouse=True)
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "short.toml").write_text('extends = "carry-over"\ndescription = "short"\n[epoch]\nepisode_epochs = 4\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_only_the_fields_of_the_space_are_drawn() -> None:
    for imitate in ("", "dftsp"):
        before = TrainingSettings(imitate=imitate)
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
        drawn = [asdict(drawn_settings(study.ask(), before)) for _ in range(4)]
        differ = {name for one in drawn for name, value in one.items() if value != asdict(before)[name]}
        assert differ == set(SPACE) - {"entropy_coefficient" if imitate else "anchor_weight"}


def test_a_search_goes_on_where_it_stopped_and_keeps_its_best_run(short: Path) -> None:
    _, first = tune(TINY, short / "search", trials=1, seed=0)
    best, percent = tune(TINY, short / "search", trials=3, seed=0)
    again, same = tune(TINY, short / "search", trials=3, seed=0)
    assert (again, same) == (best, percent)
    assert percent >= first
    assert sorted(path.name for path in (short / "search").iterdir()) == ["best", "journal.log"]
    kept = json.loads((short / "search" / "best" / "best.json").read_text())
    assert kept["percent_of_dftsp"] == percent
    settings = json.loads((short / "search" / "best" / "settings.json").read_text())
    assert settings == asdict(best) | {"scenario_fingerprint": load_scenario("short.toml").fingerprint()}


def test_less_than_one_trial_is_an_error(short: Path) -> None:
    with pytest.raises(ValueError, match="trials = 0: must be at least 1"):
        tune(TINY, short / "search", trials=0, seed=0)


def test_a_trial_that_fails_raises_its_error_and_shows_no_traceback(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(self.format(record))

    def fail(*arguments: object) -> float:
        raise OSError(28, "No space left on device", "best.zip")

    said: list[str] = []
    monkeypatch.setattr(logging.getLogger("optuna"), "handlers", [Keeping()])
    monkeypatch.setattr(tuning, "_percent", fail)
    with pytest.raises(OSError, match=r"best\.zip"):
        tune(TINY, short / "search", trials=1, seed=0)
    assert any("Trial 0 failed" in one for one in said)
    assert not any("Traceback" in one for one in said)
