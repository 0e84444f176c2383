"""The first of the pages on the environments: which is for which question, and what they share."""

from __future__ import annotations

from edge_llm_env.dynamics.state import COUNTERS, RESOURCES
from edge_llm_env.engine.state import COUNTERS as ENGINE_COUNTERS
from edge_llm_env.envs.calls.observation import OBSERVATION_WITH_CACHES
from edge_llm_env.envs.observation.features import OBSERVATION, OBSERVATION_OF_VARIANTS
from edge_llm_env.envs.suite import CONTINUOUS_BATCHING, SCALING
from edge_llm_env.rack.state import COUNTERS as RACK_COUNTERS
from edge_llm_env.registration import ENVIRONMENTS, environment
from edge_llm_env.task_dynamics.state import TASK_COUNTERS
from experiments.pages.environments.tables import all_tiers_table, questions_table
from experiments.pages.kinds import reward_terms_table
from experiments.pages.layouts import layout_table


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


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
