"""Admission policies: several seeds, going on, and saved ones that decide as the model did."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sb3_contrib import MaskablePPO

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.evaluation.judging import Judge
from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_agents.masked_ppo.admission_policy import AdmissionPolicy
from edge_llm_agents.masked_ppo.settings import TrainingSettings
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.seeded.admission import check_runs, learning_curve, train_seeds
from edge_llm_agents.seeded.runs import Trained, save_training
from edge_llm_env import load_scenario


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("admission")
    (folder / "short.toml").write_text(
        'extends = "carry-over"\ndescription = "short"\n[epoch]\nepisode_epochs = 4\nvisible_slots = 16\n'
    )
    return folder


@pytest.fixture(scope="module")
def settings(folder: Path) -> TrainingSettings:
    return TrainingSettings(
        scenario=str(folder / "short.toml"), steps=256, rows=8, rollout_steps=16, width=8, checkpoint_every=128,
        validation_episodes=2, hindsight_episodes=0, encoder="attention",
    )  # fmt: skip


@pytest.fixture(scope="module")
def judge(settings: TrainingSettings) -> Judge:
    return judge_of("EdgeLLM/Batching-v0", load_scenario(settings.scenario), episodes=12)


@pytest.fixture(scope="module")
def trained(folder: Path, settings: TrainingSettings, judge: Judge) -> Trained:
    *_, trained = train_seeds(settings, (0, 1), folder / "run", judge)
    return trained


def test_every_seed_is_judged_and_its_curve_kept(trained: Trained, folder: Path) -> None:
    runs = trained.record["runs"]
    assert [run["seed"] for run in runs] == [0, 1]
    for run in runs:
        assert [point["step"] for point in run["curve"]] == [0, 128, 256]
        assert run["curve"] == learning_curve(folder / f"run-{run['seed']}")
        assert run["training_steps"] == 256
        assert run["seconds"] > 0
        assert run["decision_alone_us"] > 0
    assert trained.record["environment"] == "EdgeLLM/Batching-v0"
    assert trained.card.seed == min(runs, key=lambda run: run["served"])["seed"]


def test_the_saved_policy_decides_as_the_model_and_in_any_number_of_rows(
    trained: Trained, judge: Judge, folder: Path, settings: TrainingSettings
) -> None:
    save_training(trained, "mine", folder / "results", folder / "results")
    policy, card = load_policy(folder / "results" / "mine")
    assert isinstance(policy, AdmissionPolicy)
    model = MaskablePPO.load(folder / f"run-{card.seed}" / "best.zip")
    env = EdgeVecEnv("EdgeLLM/Batching-v0", 8, judge.scenario)
    env.seed(0)
    seen, different = env.reset(), 0
    for _ in range(60):
        actions, _ = policy.predict(seen)
        best = np.sort(policy.network(torch.from_numpy(seen).double()).numpy(), axis=1)
        clear = best[:, -1] - best[:, -2] > 1e-5  # in float32 scores that are closer may change places
        theirs = model.predict(seen, action_masks=env.action_masks(), deterministic=True)[0]
        np.testing.assert_array_equal(actions[clear], theirs[clear])
        different += len(np.unique(actions[clear]))
        seen = env.step(actions)[0]
    assert different > 60
    workloads = judge.workloads
    served = evaluate_learned(policy, judge.scenario, workloads).served
    for at in range(3):
        assert evaluate_learned(policy, judge.scenario, workloads[at : at + 1]).served == served[at]
    elsewhere = policy.for_scenario(load_scenario("carry-over"))
    assert elsewhere.predict(np.zeros(10 + 64 * 10, dtype=np.float32))[0] == 64


def test_finished_runs_are_taken_as_they_are_and_others_refused(
    trained: Trained, judge: Judge, folder: Path, settings: TrainingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("edge_llm_agents.seeded.admission.train", never)
    *_, again = train_seeds(settings, (0, 1), folder / "run", judge)
    timed = ("decision_us", "decision_alone_us")
    for one, other in zip(trained.record["runs"], again.record["runs"], strict=True):
        assert {name: one[name] for name in one if name not in timed} == {
            name: other[name] for name in other if name not in timed
        }
    named_otherwise = next(train_seeds(replace(settings, scenario="short"), (0,), folder / "run", judge))
    assert named_otherwise.record["runs"][0]["served"] == again.record["runs"][0]["served"]
    assert named_otherwise.record["scenario_fingerprint"] == judge.scenario.fingerprint()
    with pytest.raises(ValueError, match="was trained with another gae_lambda; only steps may differ"):
        next(train_seeds(replace(settings, gae_lambda=0.5), (0,), folder / "run", judge))
    check_runs(settings, (0, 1, 2), folder / "run", judge.scenario)  # of seed 2 there is no run yet
    with pytest.raises(ValueError, match="run-1: was trained with another gae_lambda; only steps may differ"):
        check_runs(replace(settings, gae_lambda=0.5), (2, 1), folder / "run", judge.scenario)


def test_weights_of_another_shape_are_refused(trained: Trained, folder: Path) -> None:
    policy = trained.policy
    with pytest.raises(ValueError, match="weights have the shapes"):
        AdmissionPolicy.from_card({"width": 4, "encoder": "deep-set"}, policy.arrays(), policy.scenario)
