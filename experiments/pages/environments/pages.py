"""The pages on the environments, made from the registry, the docstrings and the layouts."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

from edge_llm_env.envs.mechanism import Mechanism
from edge_llm_env.registration import ENVIRONMENTS, EnvironmentEntry
from experiments.pages.environments.sections import (
    MEASURED,
    OBSERVED_TOO,
    actions_section,
    animation_of,
    compared_section,
    nothing,
    trials_section,
)
from experiments.pages.environments.shared import shared_page
from experiments.pages.environments.tables import (
    FOLDER,
    baselines_of_table,
    page_file,
    scenario_link,
    spaces_table,
    tiers_table,
)
from experiments.pages.layouts import layout_table


def environment_pages() -> dict[Path, str]:
    """Every page by its file, as Markdown: which environments there are and what they share, then one of each."""
    pages = {FOLDER / "index.md": shared_page()}
    return pages | {page_file(environment): environment_page(environment) for environment in ENVIRONMENTS.values()}


def environment_page(environment: EnvironmentEntry) -> str:
    """One environment: its docstring, tiers and baselines, its layouts, and its spaces with the presets."""
    module, name = environment.entry_point.split(":")
    kind = getattr(import_module(module), name)
    mechanism: Mechanism = kind.mechanism
    text = inspect.cleandoc(kind.__doc__ or "")
    return (
        f"# {environment.id}\n\n*{environment.question}*\n\n{animation_of(environment.id)}{text}\n\n"
        f'```python\nimport gymnasium as gym\nimport edge_llm_env\n\nenv = gym.make("{environment.id}")\n'
        f'envs = gym.make_vec("{environment.id}", num_envs=64, vectorization_mode="vector_entry_point")\n```\n\n'
        "Both take `scenario=`: a preset's name, the path of a TOML file or a `Scenario`; without it they take "
        f"{scenario_link(environment.default_scenario)}{_of_commands(environment)}.\n\n"
        f"## Easy, medium, hard\n\n{tiers_table(environment).markdown()}\n\n"
        f"## What policies are held against\n\n{baselines_of_table(environment.id).markdown()}\n\n"
        f"{actions_section(mechanism, kind.forms)}"
        f"{compared_section(environment.id)}"
        f"{trials_section(environment)}"
        f"{MEASURED.get(environment.id, nothing)()}"
        f"## Observation\n\n{layout_table(mechanism.observation).markdown()}\n\n"
        f"{OBSERVED_TOO.get(environment.id, nothing)()}"
        f"## Spaces\n\n{spaces_table(environment.id).markdown()}\n\n"
        "[What the environments share](index.md#episodes): episodes, the reward's terms, `info`.\n"
    )


def _of_commands(environment: EnvironmentEntry) -> str:
    """The scenario that commands take where none is given, if that is another."""
    taken = environment.main_scenario
    return "" if taken == environment.default_scenario else f", and the commands take {scenario_link(taken)}"
