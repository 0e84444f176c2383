"""Training: run folders, checkpoints, interruption, resumption."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from sb3_contrib import MaskablePPO

from agents.evaluation import evaluate_model
from agents.training import Checkpoints, TrainingSettings, train
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import draw_workloads

TINY = TrainingSettings(
    steps=1024, rows=8, rollout_steps=32, minibatch=64, update_epochs=1, width=8, checkpoint_every=512,
    validation_episodes=2,
)  # fmt: skip


def parameters(model: MaskablePPO) -> list[torch.Tensor]:
    return list(model.policy.state_dict().values())


def same(one: MaskablePPO, other: MaskablePPO) -> bool:
    return all(torch.equal(mine, theirs) for mine, theirs in zip(parameters(one), parameters(other), strict=True))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MaskablePPO]:
    run_dir = tmp_path_factory.mktemp("run") / "first"
    model, finished = train(TINY, run_dir)
    assert finished
    return run_dir, model


def test_a_run_leaves_its_settings_checkpoints_and_tensorboard_files_and_nothing_half_written(
    trained: tuple[Path, MaskablePPO],
) -> None:
    run_dir, _ = trained
    assert sorted(path.name for path in run_dir.iterdir()) == [
        "best.json", "best.zip", "last.zip", "settings.json", "tensorboard_1",
    ]  # fmt: skip
    assert any((run_dir / "tensorboard_1").iterdir())
    assert json.loads((run_dir / "settings.json").read_text())["steps"] == 1024
    best = json.loads((run_dir / "best.json").read_text())
    assert 0 < best["steps"] <= 1024
    assert 0 < best["percent_of_dftsp"] < 120


def test_the_policy_returned_is_the_best_that_was_saved(trained: tuple[Path, MaskablePPO]) -> None:
    run_dir, model = trained
    assert same(model, MaskablePPO.load(run_dir / "best.zip"))


def test_the_same_settings_train_the_same_policy(trained: tuple[Path, MaskablePPO], tmp_path: Path) -> None:
    again, _ = train(TINY, tmp_path / "again")
    assert same(trained[1], again)
    other, _ = train(replace(TINY, seed=1), tmp_path / "other")
    assert not same(trained[1], other)


def test_a_saved_policy_decides_as_it_did_before(trained: tuple[Path, MaskablePPO]) -> None:
    run_dir, model = trained
    scenario = load_scenario("carry-over", **{"epoch.episode_epochs": 5})
    workloads = draw_workloads(scenario, 3, seed=9)
    loaded = MaskablePPO.load(run_dir / "best.zip")
    assert (
        evaluate_model(model, scenario, workloads).served.tolist()
        == evaluate_model(loaded, scenario, workloads).served.tolist()
    )


def test_a_second_run_in_the_same_folder_is_refused(trained: tuple[Path, MaskablePPO]) -> None:
    with pytest.raises(ValueError, match="holds another run; resume it or name another folder"):
        train(TINY, trained[0])


def test_resuming_goes_on_to_the_new_total(trained: tuple[Path, MaskablePPO], tmp_path: Path) -> None:
    run_dir = tmp_path / "resumed"
    train(TINY, run_dir)
    train(replace(TINY, steps=1536), run_dir, resume=True)
    assert MaskablePPO.load(run_dir / "last.zip").num_timesteps == 1536
    # A run that had come to its end stays as it was.
    before = MaskablePPO.load(run_dir / "last.zip")
    train(replace(TINY, steps=1536), run_dir, resume=True)
    assert same(before, MaskablePPO.load(run_dir / "last.zip"))


def test_resuming_nothing_or_with_other_settings_is_refused(trained: tuple[Path, MaskablePPO], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nothing to resume, it holds no last\.zip"):
        train(TINY, tmp_path / "none", resume=True)
    with pytest.raises(ValueError, match="was trained with another width; only steps may differ"):
        train(replace(TINY, width=16), trained[0], resume=True)


def test_an_interrupted_run_is_saved_and_can_be_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: Checkpoints) -> bool:
        if self.num_timesteps >= 600:
            raise KeyboardInterrupt
        return True

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "_on_step", interrupt)
        model, finished = train(TINY, tmp_path / "run")
    assert not finished
    assert MaskablePPO.load(tmp_path / "run" / "last.zip").num_timesteps == 600
    assert model.num_timesteps <= 600
    _, finished = train(TINY, tmp_path / "run", resume=True)
    assert finished
    assert MaskablePPO.load(tmp_path / "run" / "last.zip").num_timesteps >= 1024


@pytest.mark.parametrize("name", ["steps", "rows", "rollout_steps", "minibatch", "update_epochs", "checkpoint_every"])
def test_settings_below_one_are_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} = 0: must be at least 1"):
        replace(TINY, **{name: 0})
