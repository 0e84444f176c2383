"""An environment is a page of code: with it registered, and no other file touched, everything there is works on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_agents import compare, train
from edge_llm_agents.commands.listing import environments, tiers
from edge_llm_agents.leaderboard.report.leaderboard import write_leaderboard
from edge_llm_agents.leaderboard.running import Ran
from edge_llm_agents.leaderboard.suite import SuiteSettings, run_suite
from edge_llm_agents.report.watching import named_policy, watch
from edge_llm_baselines.registry.registered import baselines_of, register_baselines
from edge_llm_env.registration import ENVIRONMENTS, environment, register_environment
from experiments.pages.environments.pages import environment_pages
from tests.edge_llm_agents.leaderboard.small import small_suite
from tests.edge_llm_env.envs import test_conformance, test_layout, test_vector
from tests.support.helpers import small_scenario, workload_at
from tests.support.programs.processes import ROOT, run
from tests.support.toy import toy_module, write_toy

TOY = "Toy/HowMany-v0"
SCENARIO = small_scenario()

for module in (test_conformance, test_vector, test_layout):
    for name, check in list(vars(module).items()):
        if name.startswith("test_"):
            globals()[f"{module.__name__.rpartition('.')[2]}_{name}"] = check
"""Every check of the suite's environments, here of this one."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the module lies."""
    folder = tmp_path_factory.mktemp("toy")
    write_toy(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def toy(folder: Path) -> Iterator[ModuleType]:
    """The module, registered as long as this file's tests run."""
    with toy_module(folder) as toy:
        toy.register()
        yield toy
    assert TOY not in ENVIRONMENTS


@pytest.fixture
def env_id() -> str:
    """What the checks are of."""
    return TOY


def digest_of_a_fresh_process(folder: Path, **environment: str) -> dict[str, str]:
    arguments = (str(folder), str(test_conformance.SEED), str(test_conformance.STEPS))
    done = run("-m", "tests.support.toy", *arguments, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def fresh_process(folder: Path) -> dict[str, str]:
    return digest_of_a_fresh_process(folder)


@pytest.fixture(scope="module")
def process_without_compiler(folder: Path) -> dict[str, str]:
    return digest_of_a_fresh_process(folder, NUMBA_DISABLE_JIT="1")


def test_a_step_serves_as_many_as_the_action_says() -> None:
    env: Any = gym.make(TOY, scenario=SCENARIO)
    env.reset(options={"workload": workload_at([0.1, 0.2, 0.3, 0.4])})
    for action, served in ((0, 0), (1, 1), (2, 3), (6, 4)):
        *_, info = env.step(action)
        assert (info["served"], info["pending"]) == (served, 4 - served)


def test_its_page_and_its_lines_of_the_index_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    pages = {path.name: text for path, text in environment_pages().items()}
    entry = environment(TOY)
    page = pages["HowMany-v0.md"]
    for said in (f"# {TOY}", "Serve so many of the waiting requests.", "`Discrete(33)`", "| `more` |", "| `slack` |"):
        assert said in page
    for tier, scenario, because in ((name, *tier) for name, tier in entry.tiers._asdict().items()):
        assert f"| {tier} | [`{scenario}`](../scenarios/{scenario}.md) | {because} |" in page
    assert "everybody" in page
    assert entry.question in pages["index.md"]
    assert any(TOY in row for row in environments().rows)
    assert {(TOY, name, *tier) for name, tier in entry.tiers._asdict().items()} <= set(tiers().rows)


def test_its_baselines_are_compared_with_hindsight() -> None:
    comparison = compare("all", SCENARIO, env_id=TOY, episodes=3, hindsight_episodes=2)
    found = comparison.to_dict()
    assert (found["environment"], found["oracle"]) == (TOY, "everybody")
    served = {record["policy"]: record["served_per_episode"] for record in found["policies"]}
    assert served.keys() == {"everybody", "random", "hindsight bound", "hindsight schedule"}
    assert np.all(np.array(served["everybody"][:2]) <= served["hindsight bound"])
    assert sum(served["random"]) < sum(served["everybody"])
    assert "everybody" in comparison.table()


def test_a_policy_trains_and_is_compared() -> None:
    trained = train(TOY, SCENARIO, steps=400, n_steps=8, batch_size=64)
    assert type(trained.model).__name__ == "PPO"
    assert trained.model.num_timesteps >= 400
    found = compare({"learned": trained}, SCENARIO, env_id=TOY, episodes=3, hindsight_episodes=0).to_dict()
    assert {record["policy"] for record in found["policies"]} == {"everybody", "learned"}


def test_it_has_rows_of_the_leaderboard(tmp_path: Path) -> None:
    settings: SuiteSettings = small_suite(tmp_path, environments=(TOY,))
    ran = run_suite(settings, print)
    assert ran == Ran(kept=0, computed=4, left_out=0, failed=0)  # tuning, hindsight, two policies
    page = tmp_path / "LEADERBOARD.md"
    write_leaderboard(settings.results, page, print)
    text = page.read_text(encoding="utf-8")
    assert f"## `{TOY}`\n\nReference: everybody." in text
    assert "| random |" in text


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_it_is_watched(mode: str) -> None:
    env: Any = gym.make(TOY, scenario=SCENARIO, render_mode=mode)
    shown = watch(env, named_policy("oracle", env, seed=0), seed=0, epochs=2).pictures
    env.close()
    assert len(shown) == 3
    if mode == "ansi":
        assert TOY in shown[-1]
    else:
        assert shown[-1].shape == (600, 800, 3)


def test_an_id_is_taken_by_one_environment(toy: ModuleType) -> None:
    with pytest.raises(ValueError, match=f"id = '{TOY}': is the id of another environment"):
        register_environment(type(toy.ENTRY)(**{**vars(toy.ENTRY), "summary": "another"}))
    with pytest.raises(ValueError, match=f"env_id = '{TOY}': has other baselines"):
        register_baselines(TOY, type(toy.BASELINES)("random", {"random": toy.RANDOM}))
    with pytest.raises(ValueError, match=r"env_id = 'Toy/HowMuch-v0': must be one of .*did you mean 'Toy/HowMany-v0'"):
        baselines_of("Toy/HowMuch-v0")
