"""Minari datasets of teachers: they load, replay to the same rewards, and are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import minari
import numpy as np
import pytest

from edge_llm_agents.evaluation.playing import evaluate_solver
from edge_llm_baselines import DFTSP
from edge_llm_baselines.hindsight.episode import NEVER, EpisodeProblem
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight
from edge_llm_env import draw_workload, load_scenario
from experiments.learning import datasets
from experiments.learning.datasets import dataset_id, datasets_in, episode_seeds, make_dataset
from tests.support.programs.here import run_script_here

BATCHING, SELECTION = "EdgeLLM/Batching-v0", "EdgeLLM/BatchSelection-v0"
SEEDS = episode_seeds(0, 2)


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a small scenario."""
    file = tmp_path_factory.mktemp("scenario") / "short.toml"
    file.write_text('extends = "carry-over"\ndescription = "short"\n[epoch]\nepisode_epochs = 5\n')
    return str(file)


def loaded(root: Path, name: str) -> minari.MinariDataset:
    with datasets_in(root):
        return minari.load_dataset(name)


@pytest.mark.parametrize("env_id", [BATCHING, SELECTION])
@pytest.mark.parametrize("teacher", ["dftsp", "hindsight"])
def test_replaying_the_actions_from_the_stored_seed_brings_the_same(
    teacher: str, env_id: str, scenario: str, tmp_path: Path
) -> None:
    name = make_dataset(scenario, teacher, env_id, 2, 0, tmp_path)
    assert name == f"{env_id.removesuffix('-v0')}/short/{teacher}-v0"
    dataset = loaded(tmp_path, name)
    assert dataset.total_episodes == 2
    env = dataset.recover_environment()
    seeds = [one["seed"] for one in dataset.storage.get_episode_metadata(range(2))]
    assert seeds == SEEDS
    for seed, episode in zip(seeds, dataset.iterate_episodes(), strict=True):
        observation, info = env.reset(seed=seed)
        seen, infos, rewards, truncations = [observation], [info], [], []
        for action in episode.actions:
            observation, reward, terminated, truncated, info = env.step(action)
            seen.append(observation)
            infos.append(info)
            rewards.append(reward)
            truncations.append(truncated)
            assert not terminated
        np.testing.assert_array_equal(episode.observations, seen)
        np.testing.assert_array_equal(episode.rewards, rewards)
        np.testing.assert_array_equal(episode.truncations, truncations)
        assert not episode.terminations.any()
        assert truncations[-1]
        np.testing.assert_array_equal(episode.infos["served"], [one["served"] for one in infos])
        np.testing.assert_array_equal(episode.infos["action_mask"], [one["action_mask"] for one in infos])
        terms = [one["reward_terms"]["served"] for one in infos]
        np.testing.assert_array_equal(episode.infos["reward_terms"]["served"], terms)


def test_the_teachers_serve_what_their_solvers_do(scenario: str, tmp_path: Path) -> None:
    known = load_scenario(scenario)
    workloads = [draw_workload(known, np.random.default_rng(seed)) for seed in SEEDS]
    returns = {}
    for teacher in ("dftsp", "hindsight"):
        dataset = loaded(tmp_path, make_dataset(scenario, teacher, SELECTION, 2, 0, tmp_path))
        returns[teacher] = [episode.rewards.sum() for episode in dataset.iterate_episodes()]
    first_epoch = [episode.rewards[0] for episode in loaded(tmp_path, dataset_id(SELECTION, "short", "dftsp"))]
    one_epoch = load_scenario(scenario, **{"epoch.episode_epochs": 1})
    assert first_epoch == evaluate_solver(DFTSP(), one_epoch, workloads).served.tolist()
    solver = LagrangianHindsight(1, block_nodes=0)
    schedules = [solver.solve(EpisodeProblem.of_workload(known, workload)).schedule for workload in workloads]
    assert returns["hindsight"] == [np.count_nonzero(schedule != NEVER) for schedule in schedules]


def test_a_second_run_says_that_the_dataset_is_there_and_replaces_it_by_force(scenario: str, tmp_path: Path) -> None:
    name = make_dataset(scenario, "dftsp", SELECTION, 1, 0, tmp_path)
    with pytest.raises(ValueError, match=r"dataset EdgeLLM/BatchSelection/short/dftsp-v0: is in .* already; --force"):
        make_dataset(scenario, "dftsp", SELECTION, 2, 0, tmp_path)
    assert loaded(tmp_path, name).total_episodes == 1
    make_dataset(scenario, "dftsp", SELECTION, 2, 0, tmp_path, force=True)
    assert loaded(tmp_path, name).total_episodes == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["EdgeLLM"]


def test_what_is_interrupted_leaves_nothing_and_keeps_what_was_there(
    scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = make_dataset(scenario, "dftsp", SELECTION, 1, 0, tmp_path)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(datasets, "Teaching", interrupted)
        for teacher, force in (("hindsight", False), ("dftsp", True)):
            with pytest.raises(KeyboardInterrupt):
                make_dataset(scenario, teacher, SELECTION, 1, 0, tmp_path, force=force)
    assert loaded(tmp_path, name).total_episodes == 1
    with datasets_in(tmp_path):
        assert list(minari.list_local_datasets()) == [name]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["EdgeLLM"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"episodes": 0}, "episodes = 0: must be at least 1"),
        ({"teacher": "dftps"}, "did you mean 'dftsp'"),
        ({"env_id": "EdgeLLM/Joint-v0"}, "env = 'EdgeLLM/Joint-v0'"),
    ],
)
def test_what_is_wrong_is_said(wrong: dict[str, object], message: str, tmp_path: Path) -> None:
    right = {"scenario": "carry-over", "teacher": "dftsp", "env_id": BATCHING, "episodes": 1, "seed": 0}
    with pytest.raises(ValueError, match=message):
        make_dataset(**(right | wrong), root=tmp_path)
    assert not list(tmp_path.iterdir())


def test_more_episodes_only_add_some() -> None:
    assert episode_seeds(3, 5)[:2] == episode_seeds(3, 2)
    assert len(set(episode_seeds(3, 5) + episode_seeds(4, 5))) == 10


def test_the_command_makes_a_dataset_in_every_environment_in_which_teachers_act(scenario: str, tmp_path: Path) -> None:
    options = ["--scenario", scenario, "--episodes", "1", "--teachers", "dftsp", "--root", str(tmp_path)]
    finished = run_script_here("datasets.py", *options)
    assert finished.returncode == 0, finished.stderr
    names = [dataset_id(env_id, "short", "dftsp") for env_id in (BATCHING, SELECTION)]
    assert [line.partition(":")[0] for line in finished.stdout.splitlines()] == names
    assert isinstance(loaded(tmp_path, names[0]).recover_environment().action_space, gym.spaces.Discrete)


def test_the_command_makes_nothing_where_one_name_is_wrong(scenario: str, tmp_path: Path) -> None:
    finished = run_script_here(
        "datasets.py", "--scenario", scenario, "--root", str(tmp_path), "--envs", SELECTION, "EdgeLLM/Joint-v0"
    )
    assert finished.returncode == 2
    assert "envs = 'EdgeLLM/Joint-v0': must be one of EdgeLLM/BatchSelection-v0, EdgeLLM/Batching-v0" in finished.stderr
    assert not list(tmp_path.iterdir())
