"""Hyperparameters of training as YAML, in the layout of RL Zoo: environment, then scenario, then settings."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from edge_llm_agents.masked_ppo.settings import ENV_ID, TrainingSettings
from edge_llm_env.support.naming import one_of, shown

FOLDER = Path(str(files("edge_llm_agents"))) / "hyperparameters"
"""Of the files that come with the package, one per algorithm."""

DEFAULT = "default"
"""The section for scenarios without one of their own."""

NAMES = {
    "n_envs": "rows",
    "n_timesteps": "steps",
    "n_steps": "rollout_steps",
    "batch_size": "minibatch",
    "n_epochs": "update_epochs",
    "learning_rate": "learning_rate",
    "gamma": "discount",
    "gae_lambda": "gae_lambda",
    "ent_coef": "entropy_coefficient",
    "reward_scale": "reward_scale",
    "imitate": "imitate",
    "imitation_episodes": "imitation_episodes",
    "discount_by_epoch": "discount_by_epoch",
    "rows_per_workload": "rows_per_workload",
    "against_dftsp": "against_dftsp",
}
"""RL Zoo's name of every setting of a section but `policy` and `policy_kwargs`, to the field of `TrainingSettings`."""

MOST_BYTES = 1 << 20
"""Of a file, which has some hundred lines."""

POLICY_KEYWORDS = ("width", "encoder")
"""Fields that stand in `policy_kwargs`."""


def algorithms() -> list[str]:
    """Names of the files that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.yml"))


def read_settings(env_id: str, scenario: str, algorithm: str, config: Path | None = None) -> TrainingSettings:
    """The settings of a scenario, from a file of the package or from `config`.

    Raises ValueError for an algorithm or an environment that there is not, for a file that cannot be read, and for a
    setting of an unknown name or an unusable value.
    """
    file = config or FOLDER / f"{one_of('algo', algorithm, algorithms())}.yml"
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError(f"config = {file}: has {file.stat().st_size:,} bytes, must have at most {MOST_BYTES:,}")
        written = yaml.safe_load(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"config = {file}: must be UTF-8 text: {error}") from None
    except RecursionError:
        raise ValueError(f"config = {file}: is nested too deeply, must be sections of environments") from None
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"config = {file}: cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(written, dict):
        raise ValueError(f"config = {file}: must have sections of environments")
    scenarios = written[one_of("env", env_id, [name for name in written if name == ENV_ID])]
    section = scenarios.get(scenario, scenarios.get(DEFAULT)) if isinstance(scenarios, dict) else None
    if not isinstance(section, dict):
        raise ValueError(f"config = {file}: {env_id} has neither a section {scenario!r} nor {DEFAULT!r}")
    try:
        return _settings(dict(section), scenario)
    except (TypeError, ValueError) as error:
        raise ValueError(f"config = {file}: {error}") from None


def _settings(section: dict[str, Any], scenario: str) -> TrainingSettings:
    policy = section.pop("policy", "SetPolicy")
    wanted = "AnchoredSetPolicy" if section.get("imitate") else "SetPolicy"
    if policy != wanted:
        raise ValueError(
            f"policy = {shown(policy)}: must be {wanted!r}, {'with' if section.get('imitate') else 'without'} imitate"
        )
    kwargs = section.pop("policy_kwargs", {})
    if not isinstance(kwargs, dict) or not set(kwargs) <= set(POLICY_KEYWORDS):
        raise ValueError(f"policy_kwargs = {shown(kwargs)}: must be a mapping of {' and '.join(POLICY_KEYWORDS)}")
    fields: dict[str, Any] = kwargs | {NAMES[one_of("setting", name, NAMES)]: value for name, value in section.items()}
    if "learning_rate" in fields:
        fields["learning_rate"] = _linear(fields["learning_rate"])
    if section.get("imitate") and "entropy_coefficient" in fields:
        fields["anchor_weight"] = fields.pop("entropy_coefficient")
    for name, value in fields.items():
        standard = getattr(TrainingSettings, name)
        if type(value) is not type(standard) and not (isinstance(standard, float) and type(value) is int):
            raise ValueError(f"{name} = {shown(value)}: must be of the kind of {standard!r}")
    return replace(TrainingSettings(scenario=scenario), **fields)


def write_settings(settings: TrainingSettings) -> str:
    """The YAML of a scenario's section, as `read_settings` takes it: what differs from `TrainingSettings()`."""
    standard = TrainingSettings()
    section: dict[str, Any] = {"policy": "AnchoredSetPolicy" if settings.imitate else "SetPolicy"}
    keywords = {name: getattr(settings, name) for name in POLICY_KEYWORDS}
    if keywords != {name: getattr(standard, name) for name in POLICY_KEYWORDS}:
        section["policy_kwargs"] = keywords
    for name, field in NAMES.items():
        field = "anchor_weight" if name == "ent_coef" and settings.imitate else field
        if getattr(settings, field) != getattr(standard, field):
            value = getattr(settings, field)
            section[name] = f"lin_{value!r}" if name == "learning_rate" else value
    return yaml.safe_dump({ENV_ID: {settings.scenario: section}}, sort_keys=False)


def _linear(value: Any) -> float:
    """RL Zoo's `lin_1e-3`: the rate at the start of a linear fall to 0, the only schedule there is."""
    if not isinstance(value, str) or not value.startswith("lin_"):
        raise ValueError(f"learning_rate = {shown(value)}: must be lin_ and a number, such as lin_1e-3")
    return float(value.removeprefix("lin_"))
