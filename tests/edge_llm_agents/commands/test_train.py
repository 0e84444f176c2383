"""`edge-llm train`: a policy for every environment by its default algorithm, which `edge-llm compare` then takes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge_llm_agents.allocations.search import AllocationSettings
from edge_llm_agents.commands.main import main
from edge_llm_agents.comparison.contestants import Field
from edge_llm_agents.masked_ppo.settings import TrainingSettings
from edge_llm_agents.racks.learning import RackSettings
from edge_llm_agents.scheduling.search import SchedulerSettings
from edge_llm_agents.training import models, suite
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_agents.value_search.search import SearchSettings
from edge_llm_env.registration import ENVIRONMENTS, environment

SHORT = 'extends = "{}"\ndescription = "short"\n[epoch]\nepisode_epochs = 3\n'

SEARCH: dict[str, Any] = {
    "generations": 1,
    "episodes": 2,
    "validation_episodes": 2,
    "cross_entropy": CrossEntropySettings(population=4, elites=2),
}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Algorithms that take other settings than a number of steps learn from next to nothing; the oracle alone plays."""
    few = {"imitation_episodes": 2, "validation_episodes": 2, "hindsight_episodes": 0}
    masked = TrainingSettings(rows=8, rollout_steps=16, width=8, imitate="dftsp", **few)
    monkeypatch.setattr(models, "ROWS", 4)
    monkeypatch.setattr(suite, "read_settings", lambda *_: masked)
    monkeypatch.setattr(suite, "SearchSettings", partial(SearchSettings, **SEARCH))
    monkeypatch.setattr(suite, "AllocationSettings", lambda generations: AllocationSettings(**SEARCH))
    monkeypatch.setattr(suite, "FRESH_SCHEDULER", SchedulerSettings(**SEARCH))
    monkeypatch.setattr(Field, "_all", lambda field: [])  # rules need tuning, and play in other tests
    monkeypatch.setattr(suite, "RackSettings", partial(RackSettings, 4, (3.0,), (0.4,), 2))


@pytest.mark.parametrize("env_id", list(ENVIRONMENTS))
def test_what_it_saves_is_compared(
    env_id: str, small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("short.toml").write_text(SHORT.format(environment(env_id).main_scenario))
    there = ("--env", env_id, "--scenario", "short.toml")
    assert main(("train", *there, "--steps", "64", "--out", "mine.zip")) == 0, capsys.readouterr().err
    zipped = Path("mine.zip").is_file()
    assert zipped or (Path("mine.safetensors").is_file() and Path("mine.json").is_file())
    policy = ("--policy", "mine.zip", "--unpickle") if zipped else ("--policy", "mine")
    assert main(("compare", *there, "--episodes", "2", "--hindsight-episodes", "0", *policy)) == 0
    assert f"\n{policy[1]} " in capsys.readouterr().out
