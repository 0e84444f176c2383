"""Hyperparameters as YAML: what comes with the package, what is refused."""

from pathlib import Path

import pytest

from edge_llm_agents.masked_ppo.hyperparameter_files import algorithms, read_settings, write_settings
from edge_llm_agents.masked_ppo.settings import ENV_ID, TrainingSettings


def test_the_package_brings_the_defaults_and_imitation() -> None:
    assert algorithms() == ["ppo_mask", "ppo_mask_imitation"]
    assert read_settings(ENV_ID, "carry-over", "ppo_mask") == TrainingSettings()
    assert read_settings(ENV_ID, "bursty", "ppo_mask") == TrainingSettings(scenario="bursty")
    imitating = read_settings(ENV_ID, "carry-over", "ppo_mask_imitation")
    assert imitating == TrainingSettings(
        imitate="look-ahead", learning_rate=5e-4, steps=57_344, discount=0.9, discount_by_epoch=True, against_dftsp=True
    )


def test_a_section_of_the_scenario_goes_before_the_default(tmp_path: Path) -> None:
    file = tmp_path / "mine.yml"
    file.write_text(f"{ENV_ID}:\n  default: {{n_envs: 8}}\n  bursty: {{n_envs: 4, policy_kwargs: {{width: 16}}}}\n")
    assert read_settings(ENV_ID, "carry-over", "ppo_mask", file) == TrainingSettings(rows=8)
    assert read_settings(ENV_ID, "bursty", "ppo_mask", file) == TrainingSettings(scenario="bursty", rows=4, width=16)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{n_env: 8}", "did you mean 'n_envs'"),
        ("{n_envs: many}", "rows = 'many': must be of the kind of 64"),
        ("{n_envs: true}", "rows = True: must be of the kind of 64"),
        ("{n_envs: 0}", "rows = 0: must be at least 1"),
        ("{learning_rate: 0.001}", "learning_rate = 0.001: must be lin_ and a number"),
        ("{learning_rate: lin_fast}", "could not convert"),
        ("{policy_kwargs: {depth: 2}}", "must be a mapping of width and encoder"),
        ("{policy: MlpPolicy}", "policy = 'MlpPolicy': must be 'SetPolicy', without imitate"),
        ("{policy: SetPolicy, imitate: dftsp}", "must be 'AnchoredSetPolicy', with imitate"),
        ("8", "has neither a section 'carry-over' nor 'default'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, section: str, message: str) -> None:
    file = tmp_path / "mine.yml"
    file.write_text(f"{ENV_ID}:\n  default: {section}\n")
    with pytest.raises(ValueError, match=message) as raised:
        read_settings(ENV_ID, "carry-over", "ppo_mask", file)
    assert "mine.yml" in str(raised.value)


def test_files_algorithms_and_environments_that_there_are_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"algo = 'ppo_masc'.*did you mean 'ppo_mask'"):
        read_settings(ENV_ID, "carry-over", "ppo_masc")
    with pytest.raises(ValueError, match="env = 'EdgeLLM/Joint-v0'"):
        read_settings("EdgeLLM/Joint-v0", "carry-over", "ppo_mask")
    with pytest.raises(ValueError, match=r"none\.yml: cannot be read"):
        read_settings(ENV_ID, "carry-over", "ppo_mask", tmp_path / "none.yml")
    (tmp_path / "bad.yml").write_text("a: [")
    with pytest.raises(ValueError, match=r"bad\.yml: cannot be read"):
        read_settings(ENV_ID, "carry-over", "ppo_mask", tmp_path / "bad.yml")


@pytest.mark.parametrize(
    "settings",
    [
        TrainingSettings(),
        TrainingSettings(scenario="bursty", learning_rate=1.5e-05, encoder="attention", rows_per_workload=4, steps=7),
        TrainingSettings(imitate="hindsight", anchor_weight=0.5, width=8, discount_by_epoch=True, against_dftsp=True),
    ],
)
def test_what_is_written_is_read_again(tmp_path: Path, settings: TrainingSettings) -> None:
    file = tmp_path / "mine.yml"
    file.write_text(write_settings(settings))
    assert read_settings(ENV_ID, settings.scenario, "ppo_mask", file) == settings
