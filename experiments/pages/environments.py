"""The pages on the environments, made from the registry, the docstrings and the layouts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

import gymnasium as gym
from gymnasium import spaces

from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env import ScenarioError, list_scenarios, load_scenario
from edge_llm_env.dynamics.state import COUNTERS, RESOURCES
from edge_llm_env.engine.state import COUNTERS as ENGINE_COUNTERS
from edge_llm_env.envs.calls.observation import OBSERVATION_WITH_CACHES
from edge_llm_env.envs.continuous_batching.observation import OBSERVATION as OBSERVATION_OF_ENGINE
from edge_llm_env.envs.continuous_batching.observation_of_calls import (
    OBSERVATION_OF_CALLS as OBSERVATION_OF_ENGINE_CALLS,
)
from edge_llm_env.envs.mechanism import Mechanism
from edge_llm_env.envs.observation import OBSERVATION, OBSERVATION_OF_VARIANTS
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING, SCALING, SERVICE_LEVEL
from edge_llm_env.rack.state import COUNTERS as RACK_COUNTERS
from edge_llm_env.registration import ENVIRONMENTS, EnvironmentEntry, environment
from edge_llm_env.scenarios.loading import preset_content
from edge_llm_env.support.tables import Table
from edge_llm_env.task_dynamics.state import TASK_COUNTERS
from experiments.allocation.trials_table import trials_table
from experiments.learning.level_tables import NAME, levels_table, search_table
from experiments.learning.rack_controls import WORLD, controls_table
from experiments.pages.kinds import reward_terms_table
from experiments.pages.layouts import layout_table
from experiments.pages.pictures.animations import ANIMATIONS
from experiments.pages.recorded import recorded

FOLDER = Path("docs/environments")
"""Where the pages stand in the repository; the first says which there are and what they share."""


def environment_pages() -> dict[Path, str]:
    """Every page by its file, as Markdown: which environments there are and what they share, then one of each."""
    pages = {FOLDER / "index.md": shared_page()}
    return pages | {page_file(environment): environment_page(environment) for environment in ENVIRONMENTS.values()}


def page_file(environment: EnvironmentEntry) -> Path:
    """The file of an environment's page: `docs/environments/Batching-v0.md`."""
    return FOLDER / f"{environment.name}.md"


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
        f"{_scenario_link(environment.default_scenario)}{_of_commands(environment)}.\n\n"
        f"## Easy, medium, hard\n\n{tiers_table(environment).markdown()}\n\n"
        f"## What policies are held against\n\n{baselines_of_table(environment.id).markdown()}\n\n"
        f"{actions_section(mechanism, kind.forms)}"
        f"{trials_section(environment)}"
        f"{MEASURED.get(environment.id, _nothing)()}"
        f"## Observation\n\n{layout_table(mechanism.observation).markdown()}\n\n"
        f"{OBSERVED_TOO.get(environment.id, _nothing)()}"
        f"## Spaces\n\n{spaces_table(environment.id).markdown()}\n\n"
        "[What the environments share](index.md#episodes): episodes, the reward's terms, `info`.\n"
    )


def _of_commands(environment: EnvironmentEntry) -> str:
    """The scenario that commands take where none is given, if that is another."""
    taken = environment.main_scenario
    return "" if taken == environment.default_scenario else f", and the commands take {_scenario_link(taken)}"


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


def _nothing() -> str:
    return ""


def tiers_table(environment: EnvironmentEntry) -> Table:
    """A scenario of each difficulty, and what makes it so."""
    rows = [(tier, _scenario_link(one.scenario), one.because) for tier, one in environment.tiers._asdict().items()]
    return Table(("tier", "scenario", "why"), rows)


def baselines_of_table(env_id: str) -> Table:
    """Every baseline of an environment, by the name that commands take."""
    baselines = baselines_of(env_id)
    held_against = "the oracle" if environment(env_id).counts_epochs else "the reference rule"
    rows = [
        (f"`{key}`", rule.name + (f": {held_against}, at 100 %" if key == baselines.oracle else ""))
        for key, rule in baselines.rules.items()
    ]
    return Table(("`--policy`", "baseline"), rows)


def _scenario_link(name: str) -> str:
    """A link to a preset's page; a scenario that is no preset has none."""
    return f"[`{name}`](../scenarios/{name}.md)" if name in list_scenarios() else f"`{name}`"


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
        rows.append((_scenario_link(name), _space(env.action_space), _space(env.observation_space)))
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


def shared_page() -> str:
    """Which environment is for which question, and what they share."""
    first = next(iter(ENVIRONMENTS.values()))
    parts = [
        "# Environments\n\nMade by `python scripts/pages.py` from the registry, the docstrings and the layouts.\n",
        "## Which environment for which question?\n\n" + questions_table().markdown() + "\n\n"
        f"Ids have the namespace first, as in `{first.id}`. The oracle serves most in each epoch, and comparisons show "
        f"policies in percent of it; of an engine of iterations, and of a rack, the reference is a tuned "
        "rule, which another may exceed in some scenarios. "
        f"Begin with `{first.name}`: its step is the smallest, and it has most rules.\n",
        "## Easy, medium, hard\n\nEach environment has a scenario of each difficulty. Any other can be played too "
        "([Scenarios](../scenarios/index.md)).\n\n" + all_tiers_table().markdown() + "\n",
        "## Episodes\n\nAn episode is `epoch.episode_epochs` epochs, 50 in the presets, and is truncated, never "
        "terminated. All randomness is a workload drawn at `reset(seed=)`; "
        '`reset(options={"workload": workload})` replays one. Row i of a vector environment is the single '
        "environment of seed + i. Requests beyond the Q visible slots wait, and are counted. "
        f"`{environment(CONTINUOUS_BATCHING).name}` has no epochs: its episodes last as long as so many would.\n",
        "## Observation\n\nOne float32 vector. Every entry is a quantity divided by its scale, clipped to 0..1. "
        f"`{environment(CONTINUOUS_BATCHING).name}` and `{environment(SCALING).name}` have their own, on their pages. "
        "The others have this. All "
        "entries of a slot that is empty or admitted are 0. This is their order, with variants from the cheapest on; "
        "those of what is to come are only there if an action divides bands or modules, and those of variants and "
        "modules, and `accuracy_requirement`, if it divides modules. What is to come is the best linear prediction of "
        "the channel in any later epoch in which the request can still be served, from its present gain and the mean "
        "at its distance: the present gain where users stand still, the mean where epochs fade independently:\n\n"
        + layout_table(OBSERVATION_OF_VARIANTS).markdown()
        + "\n",
        "Where requests are the calls of agent tasks (`workload.tasks`, in `Batching-v0` and `BatchSelection-v0`) "
        "there follow behind those of slots (`calls_left` unless it is left unknown, signals where there are some, "
        "kept slots in `BatchSelection-v0` where an action can drop what they hold):\n\n"
        + layout_table(OBSERVATION_WITH_CACHES[len(OBSERVATION) :]).markdown()
        + "\n",
        '## Reward\n\nThe sum of `info["reward_terms"]`, each weighted by the scenario:\n\n'
        + reward_terms_table().markdown()
        + "\n",
        "## Info\n\n"
        f"Counters since the episode began: {_names(COUNTERS)}; `pending` and `beyond_visible` are as of now, "
        "`not_admitted` is of the last step: requests that were chosen, or given band, and not served. "
        "`uplinks_failed`, `outputs_cut` and `downlinks_failed` count what was admitted and not served since the node "
        "was wrong to believe that it could be ([What the node believes](../model.md#what-the-node-believes)). "
        "`energy_j`: joules spent by the batches of the episode. "
        f"`utilisation` of {_names(RESOURCES)} by the last batch, as fractions of each capacity. `action_mask`: bool "
        "of shape (Q + 1,), the slots that can be served, and dispatch.\n\n"
        f"Where requests are the calls of tasks there are beside these {_names(TASK_COUNTERS)}. Calls of a task arrive "
        "with it and are pending until they are served or it fails, which is when they expire; wasted is what was "
        "served of tasks that failed.\n\n"
        f"`{environment(CONTINUOUS_BATCHING).name}` counts {_names(ENGINE_COUNTERS)}; `energy_j` and `utilisation` are "
        "of its iterations, and `action_mask` of its actions. At the end of an episode `percentiles` has p50, p90 and "
        "p99 of `ttft_s`, `tpot_s` and `end_to_end_s` ([what of](../iterations.md#the-batch-and-its-memory)); where "
        "there are tasks, of `task_s`, from arrival to last token of those completed.\n\n"
        f"`{environment(SCALING).name}` counts {_names(RACK_COUNTERS)}; `modules_on` and `modules_ready` are as of "
        "now, `module_epochs` sums the modules that were on over epochs, and nothing is masked.\n",
    ]
    return "\n".join(parts)


def questions_table() -> Table:
    """Every environment with its question, its step and its oracle."""
    rows = [
        (one.question, f"[`{one.name}`]({page_file(one).name})", one.summary, baselines_of(one.id).reference)
        for one in ENVIRONMENTS.values()
    ]
    return Table(("question", "environment", "a step; action", "oracle"), rows)


def all_tiers_table() -> Table:
    """The scenario of each difficulty of every environment, with what makes it so."""
    rows = [
        (f"`{environment.name}`", tier, _scenario_link(one.scenario), one.because)
        for environment in ENVIRONMENTS.values()
        for tier, one in environment.tiers._asdict().items()
    ]
    return Table(("environment", "tier", "scenario", "why"), rows)


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
