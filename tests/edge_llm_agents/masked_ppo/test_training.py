"""Training: run folders, checkpoints, interruption, resumption."""

import json
import shutil
import signal
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import numpy as np
import pytest
import torch
from sb3_contrib import MaskablePPO
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from edge_llm_agents.evaluation.playing import evaluate_model
from edge_llm_agents.masked_ppo.callbacks import AnchorWeight, Checkpoints
from edge_llm_agents.masked_ppo.settings import TrainingSettings
from edge_llm_agents.masked_ppo.state import STATE_FILE
from edge_llm_agents.masked_ppo.training import train
from edge_llm_agents.networks.actor_critics import AnchoredSetPolicy
from edge_llm_env import load_scenario
from edge_llm_env.workload.streams import draw_workloads
from tests.support.programs.processes import run

SHORT = Path(__file__).with_name("short.toml")

TINY = TrainingSettings(
    scenario=str(SHORT), steps=1024, rows=8, rollout_steps=32, minibatch=64, update_epochs=1, width=8,
    checkpoint_every=512, validation_episodes=2, hindsight_episodes=1,
)  # fmt: skip


def parameters(model: MaskablePPO) -> list[torch.Tensor]:
    return list(model.policy.state_dict().values())


def same(one: MaskablePPO, other: MaskablePPO) -> bool:
    return all(torch.equal(mine, theirs) for mine, theirs in zip(parameters(one), parameters(other), strict=True))


def assert_same_run(one: Path, other: Path) -> None:
    """The same parameters, optimizer, rows and generators at the end, and the same best policy."""
    assert json.loads((one / "best.json").read_text()) == json.loads((other / "best.json").read_text())
    assert same(MaskablePPO.load(one / "best.zip"), MaskablePPO.load(other / "best.zip"))
    mine, theirs = MaskablePPO.load(one / "last.zip"), MaskablePPO.load(other / "last.zip")
    assert same(mine, theirs)
    for moments, other_moments in zip(optimizer_moments(mine), optimizer_moments(theirs), strict=True):
        assert torch.equal(moments, other_moments)
    states = [np.load(BytesIO(zipfile.ZipFile(run / "last.zip").read(STATE_FILE))) for run in (one, other)]
    assert sorted(states[0]) == sorted(states[1])
    for name in states[0]:
        assert np.array_equal(states[0][name], states[1][name]), name


def optimizer_moments(model: MaskablePPO) -> list[torch.Tensor]:
    return [moment for state in model.policy.optimizer.state_dict()["state"].values() for moment in state.values()]


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
        "best.json", "best.zip", "last.zip", "outcome.json", "settings.json", "tensorboard_1",
    ]  # fmt: skip
    assert any((run_dir / "tensorboard_1").iterdir())
    assert json.loads((run_dir / "settings.json").read_text())["steps"] == 1024
    best = json.loads((run_dir / "best.json").read_text())
    assert best["steps"] in (0, 512, 1024)
    assert 0 < best["percent_of_dftsp"] < 120


def test_tensorboard_names_the_domain(trained: tuple[Path, MaskablePPO]) -> None:
    events = EventAccumulator(str(trained[0] / "tensorboard_1")).Reload()
    names = ["expired", "gap_closed_percent", "percent_of_dftsp", "throughput_per_s"]
    names += [f"utilisation_{resource}" for resource in ("compute", "downlink", "memory", "uplink")]
    assert sorted(tag for tag in events.Tags()["scalars"] if tag.startswith("validation/")) == [
        f"validation/{name}" for name in names
    ]
    for name in names:
        assert [event.step for event in events.Scalars(f"validation/{name}")] == [0, 512, 1024]
    best = json.loads((trained[0] / "best.json").read_text())["percent_of_dftsp"]
    assert max(event.value for event in events.Scalars("validation/percent_of_dftsp")) == pytest.approx(best, rel=1e-6)


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
    shutil.copytree(trained[0], run_dir)
    train(replace(TINY, steps=1536), run_dir, resume=True)
    assert MaskablePPO.load(run_dir / "last.zip").num_timesteps == 1536
    # A run that had come to its end stays as it was.
    before = MaskablePPO.load(run_dir / "last.zip")
    train(replace(TINY, steps=1536), run_dir, resume=True)
    assert same(before, MaskablePPO.load(run_dir / "last.zip"))


def test_resuming_nothing_or_with_other_settings_is_refused(trained: tuple[Path, MaskablePPO], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to resume, it holds no run"):
        train(TINY, tmp_path / "none", resume=True)
    with pytest.raises(ValueError, match="was trained with another width; only steps may differ"):
        train(replace(TINY, width=16), trained[0], resume=True)


def test_a_run_of_a_scenario_file_is_resumed_from_wherever_the_file_lies_now_but_not_when_it_says_something_else(
    tmp_path: Path,
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(SHORT.read_text(encoding="utf-8"), encoding="utf-8")
    train(replace(TINY, scenario=str(file)), tmp_path / "run")
    moved = tmp_path / "elsewhere" / "moved.toml"
    moved.parent.mkdir()
    file.rename(moved)
    train(replace(TINY, scenario=str(moved), steps=1536), tmp_path / "run", resume=True)
    assert MaskablePPO.load(tmp_path / "run" / "last.zip").num_timesteps == 1536
    text = moved.read_text(encoding="utf-8")
    assert "episode_epochs = 8" in text
    moved.write_text(text.replace("episode_epochs = 8", "episode_epochs = 9"), encoding="utf-8")
    with pytest.raises(ValueError, match="was trained with another scenario_fingerprint; only steps may differ"):
        train(replace(TINY, scenario=str(moved), steps=2048), tmp_path / "run", resume=True)


def test_an_interrupted_run_resumes_to_what_it_would_have_become(
    trained: tuple[Path, MaskablePPO], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: Checkpoints) -> bool:
        if self.num_timesteps >= 600:
            raise KeyboardInterrupt
        return True

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "_on_step", interrupt)
        _, finished = train(TINY, tmp_path / "run")
    assert not finished
    # Rollouts of 256 steps: the one that was interrupted is played again.
    assert MaskablePPO.load(tmp_path / "run" / "last.zip").num_timesteps == 512
    _, finished = train(TINY, tmp_path / "run", resume=True)
    assert finished
    assert_same_run(trained[0], tmp_path / "run")


def test_a_run_that_is_interrupted_while_torch_saves_resumes_to_what_it_would_have_become(
    trained: tuple[Path, MaskablePPO], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved, save = [], torch.save

    class Interrupted:
        """A file in which the third part that torch writes is interrupted."""

        def __init__(self, file: IO[bytes]) -> None:
            self._file, self._parts = file, 0

        def write(self, content: bytes) -> int:
            self._parts += 1
            if self._parts == 3:
                raise KeyboardInterrupt
            return self._file.write(content)

    def interrupted(content: object, file: IO[bytes]) -> None:
        saved.append(file)
        save(content, Interrupted(file) if len(saved) == 8 else file)

    with monkeypatch.context() as patched:
        patched.setattr(torch, "save", interrupted)
        _, finished = train(TINY, tmp_path / "run")
    assert len(saved) >= 8
    assert not finished
    _, finished = train(TINY, tmp_path / "run", resume=True)
    assert finished
    assert_same_run(trained[0], tmp_path / "run")


OFTEN_KEPT = replace(TINY, checkpoint_every=256)


@pytest.fixture(scope="module")
def often_kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody has interrupted."""
    run_dir = tmp_path_factory.mktemp("whole") / "run"
    train(OFTEN_KEPT, run_dir)
    return run_dir


@pytest.mark.parametrize("steps", [300, 800])
def test_a_killed_run_resumes_to_what_it_would_have_become(
    trained: tuple[Path, MaskablePPO], often_kept: Path, tmp_path: Path, steps: int
) -> None:
    program = f"""
import os, signal
from pathlib import Path
from edge_llm_agents.masked_ppo.training import train
from edge_llm_agents.masked_ppo.callbacks import Checkpoints
from edge_llm_agents.masked_ppo.settings import TrainingSettings
from edge_llm_agents.masked_ppo.state import STATE_FILE
def kill(self):
    if self.num_timesteps >= {steps}:
        os.kill(os.getpid(), signal.SIGKILL)
    return True
Checkpoints._on_step = kill
train({OFTEN_KEPT!r}, Path({str(tmp_path / "run")!r}))
"""
    done = run("-c", program)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert MaskablePPO.load(tmp_path / "run" / "last.zip").num_timesteps == steps // 256 * 256
    _, finished = train(OFTEN_KEPT, tmp_path / "run", resume=True)
    assert finished
    # How often a run is validated changes nothing of what it learns.
    assert same(MaskablePPO.load(trained[0] / "last.zip"), MaskablePPO.load(tmp_path / "run" / "last.zip"))
    assert_same_run(often_kept, tmp_path / "run")


def test_a_run_killed_while_it_saves_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from edge_llm_agents.masked_ppo.training import train
from edge_llm_agents.masked_ppo.settings import TrainingSettings
replace = Path.replace
saved = []
def kill(unfinished, path):
    saved.extend([path] if path.name == "last.zip" else [])
    if len(saved) == 3:  # the first is of step 0, the second of step 512
        with unfinished.open("r+b") as file:
            file.truncate(100)
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(unfinished, path)
Path.replace = kill
train({TINY!r}, Path({str(tmp_path / "run")!r}))
"""
    done = run("-c", program)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert MaskablePPO.load(tmp_path / "run" / "last.zip").num_timesteps == 512
    _, finished = train(TINY, tmp_path / "run", resume=True)
    assert finished
    assert MaskablePPO.load(tmp_path / "run" / "last.zip").num_timesteps == 1024


def test_training_after_imitation_starts_from_the_clone_and_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(TINY, imitate="dftsp", imitation_episodes=1)
    train(settings, tmp_path / "whole")
    cloned = json.loads((tmp_path / "whole" / "best.json").read_text())
    assert cloned["percent_of_dftsp"] > 60, "an untrained policy serves less than half"

    def interrupt(self: Checkpoints) -> bool:
        if self.num_timesteps >= 600:
            raise KeyboardInterrupt
        return True

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "_on_step", interrupt)
        train(settings, tmp_path / "run")
    train(settings, tmp_path / "run", resume=True)
    assert_same_run(tmp_path / "whole", tmp_path / "run")
    model = MaskablePPO.load(tmp_path / "run" / "last.zip")
    assert isinstance(model.policy, AnchoredSetPolicy)
    assert model.ent_coef == 0.0, "the weight of the anchor has fallen to the end"
    anchored = zip(model.policy.anchor.parameters(), model.policy.action_net.parameters(), strict=True)
    assert any(not torch.equal(anchor, actor) for anchor, actor in anchored)


def test_the_actor_is_held_near_the_clone_for_two_rollouts_and_then_less_and_less() -> None:
    weight = AnchorWeight(replace(TINY, imitate="dftsp"))
    weight.model = SimpleNamespace(ent_coef=0.0)  # type: ignore[assignment]
    found = []
    for weight.num_timesteps in (256, 512, 768, 1024):
        weight.on_rollout_end()
        found.append(weight.model.ent_coef)
    assert found == pytest.approx([2.0, 2.0, 0.005, 0.0])


def test_a_model_without_the_state_of_its_run_cannot_be_resumed(
    trained: tuple[Path, MaskablePPO], tmp_path: Path
) -> None:
    shutil.copytree(trained[0], tmp_path / "run")
    shutil.copy(tmp_path / "run" / "best.zip", tmp_path / "run" / "last.zip")
    with pytest.raises(ValueError, match=r"cannot be resumed, it holds a model without training_state\.npz"):
        train(TINY, tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    "name", ["steps", "rows", "rollout_steps", "minibatch", "update_epochs", "imitation_episodes", "checkpoint_every"]
)
def test_settings_below_one_are_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} = 0: must be at least 1"):
        replace(TINY, **{name: 0})


def test_an_unknown_teacher_is_refused_before_a_run_folder_is_claimed() -> None:
    with pytest.raises(ValueError, match=r"imitate = 'look-ahed'.*did you mean 'look-ahead'"):
        replace(TINY, imitate="look-ahed")
