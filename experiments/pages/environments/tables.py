"""Tables of environments: questions, tiers, baselines and spaces, each linked to the page it speaks of."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import gymnasium as gym
from gymnasium import spaces

from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env import ScenarioError, list_scenarios, load_scenario
from edge_llm_env.registration import ENVIRONMENTS, EnvironmentEntry, environment
from edge_llm_env.scenarios.loading import preset_content
from edge_llm_env.support.tables import Table

FOLDER = Path("docs/environments")
"""Where the pages stand in the repository; the first says which there are and what they share."""


def questions_table() -> Table:
    """Every environment with its question, its step and its oracle."""
    rows = [
        (one.question, f"[`{one.name}`]({page_file(one).name})", one.summary, baselines_of(one.id).reference)
        for one in ENVIRONMENTS.values()
    ]
    return Table(("question", "environment", "a step; action", "oracle"), rows)


def tiers_table(environment: EnvironmentEntry) -> Table:
    """A scenario of each difficulty, and what makes it so."""
    rows = [(tier, scenario_link(one.scenario), one.because) for tier, one in environment.tiers._asdict().items()]
    return Table(("tier", "scenario", "why"), rows)


def all_tiers_table() -> Table:
    """The scenario of each difficulty of every environment, with what makes it so."""
    rows = [
        (f"`{environment.name}`", tier, scenario_link(one.scenario), one.because)
        for environment in ENVIRONMENTS.values()
        for tier, one in environment.tiers._asdict().items()
    ]
    return Table(("environment", "tier", "scenario", "why"), rows)


def baselines_of_table(env_id: str) -> Table:
    """Every baseline of an environment, by the name that commands take."""
    baselines = baselines_of(env_id)
    held_against = "the oracle" if environment(env_id).counts_epochs else "the reference rule"
    rows = [
        (f"`{key}`", rule.name + (f": {held_against}, at 100 %" if key == baselines.oracle else ""))
        for key, rule in baselines.rules.items()
    ]
    return Table(("`--policy`", "baseline"), rows)


def spaces_table(env_id: str) -> Table:
    """Action and observation spaces with every preset that it plays and that loads without a trace of the user's."""
    rows = []
    for name in list_scenarios():
        if preset_content(name)["workload"]["arrivals"]["kind"] == "trace":
            continue
        try:
            env = gym.make(env_id, scenario=load_scenario(name))
        except ScenarioError:
            continue
        rows.append((scenario_link(name), _space(env.action_space), _space(env.observation_space)))
        env.close()
    return Table(("scenario", "action", "observation"), rows)


def _space(space: spaces.Space[Any]) -> str:
    """A space on one line, boxes with their bounds and length, several choices with how many are alike."""
    if isinstance(space, spaces.Box):
        return f"`Box({space.low.min():g}, {space.high.max():g})` of length {space.shape[0]}"
    if isinstance(space, spaces.MultiDiscrete):
        alike = (f"{len(list(run))} of {choices}" for choices, run in groupby(space.nvec.tolist()))
        return f"`MultiDiscrete`: {', '.join(alike)}"
    return f"`{space}`"


def scenario_link(name: str) -> str:
    """A link to a preset's page; a scenario that is no preset has none."""
    return f"[`{name}`](../scenarios/{name}.md)" if name in list_scenarios() else f"`{name}`"


def page_file(environment: EnvironmentEntry) -> Path:
    """The file of an environment's page: `docs/environments/Batching-v0.md`."""
    return FOLDER / f"{environment.name}.md"
