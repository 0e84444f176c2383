"""Searching for modules that serve by levels with several seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from edge_llm_agents.allocations.levels import LearnedLevels
from edge_llm_agents.allocations.policy import LearnedAllocation
from edge_llm_agents.allocations.search import AllocationSettings, Progress, search_allocation
from edge_llm_agents.evaluation.earnings import EarningRivals
from edge_llm_agents.pretrained.saved_policies import Card, load_policy
from edge_llm_agents.seeded import runs
from edge_llm_agents.seeded.runs import Asked, Learned, Run, Trained
from edge_llm_env.envs.suite import COMPUTE
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import shown


def train_seeds(
    scenario_name: str,
    overrides: dict[str, Any],
    settings: AllocationSettings,
    seeds: Sequence[int],
    rivals: EarningRivals,
    report: Callable[[int, Progress], None] = lambda seed, progress: None,
) -> Iterator[Trained]:
    """Search with every seed and judge each on the rivals' workloads; after each what there is so far.

    The search plays `Compute-v0`, where an epoch takes microseconds; levels are exact where policies are judged.
    """

    def learn(seed: int) -> Learned:
        found = search_allocation(COMPUTE, rivals.scenario, settings, seed, partial(report, seed))
        curve = [progress._asdict() for progress in found.curve]
        return Learned(LearnedLevels(found.policy), found.epoch_steps, {}, curve)

    asked = Asked(scenario_name, overrides, "cross-entropy method", asdict(settings))
    return runs.train_seeds(asked, learn, seeds, rivals)


def saved_modules(name: str, scenario: Scenario) -> tuple[Run, Card]:
    """The modules of a saved policy of `Compute-v0` with exact levels as a run that is over, and its card.

    They are what `train_seeds` would find again with the card's settings and seed. Raises ValueError as `load_policy`
    does, for a policy of another environment, and for one whose card does not say how long it was searched for.
    """
    modules, card = load_policy(name, scenario)
    if not isinstance(modules, LearnedAllocation):
        raise ValueError(f"modules = {shown(name)}: is a policy of {modules.env_id}, must be one of {COMPUTE}")
    seconds = card.evaluation.get("seconds")
    if not isinstance(seconds, int | float):
        raise ValueError(
            f"modules = {shown(name)}: its card must say the seconds of its search, as edge-llm train writes"
        )
    return Run(card.seed, seconds, Learned(LearnedLevels(modules), card.training_steps, {}, [])), card


def judge_saved(
    scenario_name: str, overrides: dict[str, Any], saved: tuple[Run, Card], rivals: EarningRivals
) -> Iterator[Trained]:
    """Judge what `saved_modules` returned on the rivals' workloads."""
    run, card = saved
    return runs.judge_runs(Asked(scenario_name, overrides, card.algorithm, card.hyperparameters), [run], rivals)
