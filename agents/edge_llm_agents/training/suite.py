"""How policies of the suite's environments are trained."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_llm_agents.allocations.levels import LearnedLevels
from edge_llm_agents.allocations.policy import MECHANISMS, LearnedAllocation
from edge_llm_agents.allocations.search import AllocationSettings, search_allocation
from edge_llm_agents.evaluation.progress import Progress
from edge_llm_agents.imitation.schedulers import imitate_scheduler
from edge_llm_agents.masked_ppo.callbacks import Reporting
from edge_llm_agents.masked_ppo.hyperparameter_files import algorithms, read_settings
from edge_llm_agents.masked_ppo.settings import ENV_ID
from edge_llm_agents.masked_ppo.training import train as train_masked
from edge_llm_agents.placement.fitting import PlacementSettings, fit_placement
from edge_llm_agents.placement.policy import LearnedPlacement
from edge_llm_agents.racks.learning import RackSettings, learn_rack
from edge_llm_agents.racks.policy import LearnedRack
from edge_llm_agents.scheduling.policy import LearnedScheduler
from edge_llm_agents.scheduling.search import SchedulerSettings, search_scheduler
from edge_llm_agents.tasks.fitting import SignalSettings, learn_signals
from edge_llm_agents.tasks.policy import LearnedTasks
from edge_llm_agents.training.models import new_model
from edge_llm_agents.training.registered import Asked, Training, register_training
from edge_llm_agents.training.trained import TrainedModel
from edge_llm_agents.value_search.generations import Progress as SearchProgress
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_agents.value_search.search import Progress as GenerationProgress
from edge_llm_agents.value_search.search import SearchSettings, search
from edge_llm_baselines.playing.play import Policy
from edge_llm_baselines.schedulers.policy import SchedulerPolicy, tuned_numbers
from edge_llm_baselines.schedulers.suite import CHEAPEST
from edge_llm_env.envs.suite import COMPUTE
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.support.naming import one_of

FRESH_GENERATIONS = 15
"""Of a search for an allocation if not given: some twenty seconds, after which little is left to gain."""

FRESH_SCHEDULER = SchedulerSettings(generations=12, episodes=4, validation_episodes=24)
"""A search for a scheduler that takes no longer, where none of its settings are given."""

ENGINE_PPO: dict[str, Any] = {
    "gamma": 0.998,
    "n_steps": 256,
    "batch_size": 256,
    "n_epochs": 6,
    "learning_rate": 1e-3,
}
"""Of MaskablePPO on an engine of iterations, where what a decision is worth shows hundreds of decisions later.

With fewer and larger gradient steps the likeliest action stays for long one that nobody would take.
"""

AFTER_IMITATION = {"learning_rate": 1e-4}
"""Slower than from scratch, so that what was cloned is not lost before the critic knows anything."""

DEMONSTRATION_EPISODES = 4
"""Workloads of each round of cloning a scheduler, of some 1,500 decisions each."""

ENGINE_STEPS = 300_000
"""Decisions of MaskablePPO, if not given: some minutes."""


def masked(asked: Asked) -> TrainedModel:
    """MaskablePPO as a file of hyperparameters says."""
    scenario = load_scenario(asked.scenario)
    named = scenario.name if isinstance(asked.scenario, Scenario) else str(asked.scenario)
    settings = read_settings(ENV_ID, named, asked.algorithm)
    changed = (
        {"hindsight_episodes": 0}
        | asked.settings
        | {"seed": asked.seed}
        | ({} if asked.steps is None else {"steps": asked.steps})
    )
    settings = _replaced(settings, changed)
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / "run"
        model, finished = train_masked(settings, run_dir, scenario=scenario, report=asked.report)
    if not finished:
        raise KeyboardInterrupt
    return TrainedModel(model, ENV_ID, scenario)


def values(asked: Asked) -> ValuePolicy:
    """The cross-entropy method's values of requests."""
    settings = _replaced(SearchSettings(), asked.settings)

    def tell(found: GenerationProgress) -> None:
        asked.report(Progress("training", found.generation, settings.generations))

    return search(load_scenario(asked.scenario), settings, asked.seed, tell).policy


def allocation(asked: Asked) -> LearnedAllocation:
    """The cross-entropy method's values of requests and logits of modules."""
    return _searched(asked, asked.env_id)


def levels(asked: Asked) -> LearnedLevels:
    """The cross-entropy method's logits of modules, with exact levels."""
    return LearnedLevels(_searched(asked, COMPUTE))


def _searched(asked: Asked, env_id: str) -> LearnedAllocation:
    settings = _replaced(AllocationSettings(generations=FRESH_GENERATIONS), asked.settings)

    def tell(found: SearchProgress) -> None:
        asked.report(Progress("training", found.generation, settings.generations))

    return search_allocation(env_id, load_scenario(asked.scenario), settings, asked.seed, tell).policy


def imitated(asked: Asked) -> TrainedModel:
    """MaskablePPO with networks over both sets that clones the tuned cheapest-first rule first."""
    scenario = load_scenario(asked.scenario)
    settings = ENGINE_PPO | AFTER_IMITATION | asked.settings
    model = new_model(asked.env_id, scenario, "ppo_mask", "set", asked.seed, **settings)
    numbers = tuned_numbers(CHEAPEST, scenario, asked.seed)

    def teacher(env: Any) -> Policy:
        return SchedulerPolicy(CHEAPEST, numbers, env)

    imitate_scheduler(model, scenario, teacher, DEMONSTRATION_EPISODES, asked.seed, asked.report)
    return _learned(model, asked, scenario)


def engine_ppo(asked: Asked) -> TrainedModel:
    """MaskablePPO from scratch."""
    scenario = load_scenario(asked.scenario)
    model = new_model(asked.env_id, scenario, "ppo_mask", asked.network, asked.seed, **ENGINE_PPO | asked.settings)
    return _learned(model, asked, scenario)


def _learned(model: Any, asked: Asked, scenario: Scenario) -> TrainedModel:
    steps = ENGINE_STEPS if asked.steps is None else asked.steps
    if steps:
        model.learn(steps, callback=Reporting(steps, asked.report))
    return TrainedModel(model, asked.env_id, scenario)


def scheduler(asked: Asked) -> LearnedScheduler:
    """The cross-entropy method's rule of an engine's iterations."""
    settings = _replaced(FRESH_SCHEDULER, asked.settings)

    def tell(found: SearchProgress) -> None:
        asked.report(Progress("training", found.generation, settings.generations))

    return search_scheduler(load_scenario(asked.scenario), settings, asked.seed, tell).policy


def rack(asked: Asked) -> LearnedRack:
    """A forecast of the load, by ridge regression, and a plan for each module."""
    settings = _replaced(RackSettings(), asked.settings)
    return learn_rack(load_scenario(asked.scenario), settings, asked.seed).policy


def placement(asked: Asked) -> LearnedPlacement:
    """A forecaster of demand with a greedy decoder, where nodes' models are placed."""
    settings = _replaced(PlacementSettings(), asked.settings)

    def tell(step: int) -> None:
        asked.report(Progress("training", step, settings.steps))

    return fit_placement(load_scenario(asked.scenario), settings, asked.seed, tell)


def tasks(asked: Asked) -> LearnedTasks:
    """The size of tasks, by regression on the signals of calls, with the index rule, where calls have signals."""
    settings = _replaced(SignalSettings(), asked.settings)

    def tell(step: int) -> None:
        asked.report(Progress("training", step, settings.steps))

    return learn_signals(load_scenario(asked.scenario), settings, asked.seed, tell).policy


def _replaced(settings: Any, changed: dict[str, Any]) -> Any:
    for name in changed:
        one_of("settings", name, type(settings).__dataclass_fields__)
    return replace(settings, **changed)


SUITE = {
    ENV_ID: Training(dict.fromkeys(sorted(algorithms(), reverse=True), masked), "set"),
    ValuePolicy.env_id: Training({"values": values}, "set", {"tasks": tasks}),
    **{env_id: Training({"allocation": allocation}, "set") for env_id in MECHANISMS},
    LearnedScheduler.env_id: Training(
        {"scheduler": scheduler, "ppo_mask_imitation": imitated, "ppo_mask": engine_ppo}, "set"
    ),
    LearnedRack.env_id: Training({"forecast": rack}),
    LearnedLevels.env_id: Training(of_some={"levels": levels}),
    LearnedPlacement.env_id: Training(of_some={"placement": placement}),
}


def register_suite() -> None:
    """Say how policies of every environment of the suite are trained; a second call changes nothing."""
    for env_id, training in SUITE.items():
        register_training(env_id, training)
