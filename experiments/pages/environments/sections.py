"""Sections of an environment's page: actions, trials, comparisons, what was measured of it alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge_llm_env.envs.continuous_batching.observation import OBSERVATION as OBSERVATION_OF_ENGINE
from edge_llm_env.envs.continuous_batching.observation_of_calls import (
    OBSERVATION_OF_CALLS as OBSERVATION_OF_ENGINE_CALLS,
)
from edge_llm_env.envs.mechanism import Mechanism
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING, SCALING, SERVICE_LEVEL
from edge_llm_env.registration import EnvironmentEntry
from experiments.allocation.trials_table import trials_table
from experiments.learning.level_tables import NAME, levels_table, search_table
from experiments.learning.rack_controls import WORLD, controls_table
from experiments.pages.layouts import layout_table
from experiments.pages.pictures.animations import ANIMATIONS
from experiments.pages.recorded import recorded
from experiments.presets.compared import OF_ENVIRONMENTS, findings_of_comparison


def animation_of(env_id: str) -> str:
    """The animation of an environment, where it has one (`pages.py animations`)."""
    if env_id not in ANIMATIONS:
        return ""
    shown = ANIMATIONS[env_id]
    return f"![{shown.caption}](../images/{shown.file})\n\n{shown.caption}. {shown.says}\n\n"


def actions_section(mechanism: Mechanism, forms: Mapping[str, Mechanism]) -> str:
    """What the entries of an action are, in every form that it can have."""
    if not forms:
        return f"## Action\n\n{layout_table(mechanism.action).markdown()}\n\n"
    return "".join(
        f'## Action, `action="{name}"`\n\n{layout_table(form.action).markdown()}\n\n' for name, form in forms.items()
    )


def compared_section(env_id: str) -> str:
    """What rules and policies serve beside the oracle and hindsight, where that was recorded for the environment."""
    if env_id not in OF_ENVIRONMENTS:
        return ""
    record = recorded(OF_ENVIRONMENTS[env_id])
    found = findings_of_comparison(record)
    return f"## What they serve on `{record['scenario']}`\n\n{found.text}\n`{found.command}`\n\n"


def trials_section(environment: EnvironmentEntry) -> str:
    """What plain PPO and SAC learn with each form, where that was tried."""
    table = trials_table(environment, recorded("allocation_trials"))
    if table is None:
        return ""
    return (
        "## What plain PPO and SAC learn\n\nRequests served per episode by SB3's `PPO` and `SAC` with `MlpPolicy` and "
        "nothing tuned, on 16 rows, on held-out workloads: before and after three minutes of processor time, where "
        "the difference has its interval over workloads; else after so many decisions, in some twenty seconds (`python "
        "scripts/benchmark.py trials`, `results/recorded/allocation_trials.json`).\n\n"
        f"{table.markdown()}\n\n"
    )


def calls_section() -> str:
    """What an engine sees of tasks behind the rest."""
    of_tasks = OBSERVATION_OF_ENGINE_CALLS[len(OBSERVATION_OF_ENGINE) :]
    return (
        "Where requests are the calls of agent tasks ([Serving agents](../agents.md#on-an-engine)) there follow behind "
        "these (`calls_left` unless it is left unknown, signals where there are some); the longest TTFT is then the "
        f"longest deadline:\n\n{layout_table(of_tasks).markdown()}\n\n"
    )


def controls_section() -> str:
    """Where learning how many modules are on is worth little, as far as that was measured."""
    table = controls_table(recorded(f"train-scaling-{WORLD}"), recorded("rack_controls")["controls"])
    return (
        f"## Where learning is worth little\n\nWorlds like `{WORLD}` that lack what makes learning pay "
        "(`python scripts/benchmark.py rack-controls`, `results/recorded/rack_controls.json`): the learned policy of "
        "the median seed in each, beside the best of the tuned rules, on held-out workloads. Ratios of rewards shift "
        "with their zero, so the served requests of rule and learned policy stand beside them, and the modules that "
        f"they have on.\n\n{table.markdown()}\n\n"
    )


def levels_section() -> str:
    """What rules and the policy of the package earn where requests have levels, and how long exact levels take."""
    record, report = recorded(f"train-{NAME}"), recorded("level_benchmark")
    at_play = report["random"]["at_play"]
    return (
        f"## What is earned on `{record['scenario']}`\n\nMeans of {record['references']['episodes']} held-out "
        "workloads, the same for all; rules are tuned on others, and whoever moves the modules takes the exact levels "
        f"of each epoch (`edge-llm train levels`, `results/recorded/train-{NAME}.json`).\n\n"
        f"{levels_table(record).markdown()}\n\n"
        "The learned policy moves the modules ahead of phases.\n\n"
        "## How long exact levels take\n\nProcessor times of one core that also did other work (`python "
        "scripts/benchmark.py levels`, `results/recorded/level_benchmark.json`). Few epochs take a hundred times the "
        "median: those in which many choices of requests that differ a little are worth nearly the same, so that the "
        f"bound does not tell them apart. `LevelDecoding` therefore stops after {at_play['node_limit']:,} nodes and "
        "says what no levels exceed; rules search to the end.\n\n"
        f"{search_table(report).markdown()}\n\n"
    )


MEASURED: dict[str, Callable[[], str]] = {SCALING: controls_section, SERVICE_LEVEL: levels_section}
"""What a page tells of measurements of its environment's own, by id."""

OBSERVED_TOO: dict[str, Callable[[], str]] = {CONTINUOUS_BATCHING: calls_section}
"""What it tells beside the layout of its observation."""


def nothing() -> str:
    """What a page tells where there is nothing to tell."""
    return ""
