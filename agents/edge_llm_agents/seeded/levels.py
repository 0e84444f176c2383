"""The modules of a saved policy, judged where levels are exact, without a search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edge_llm_agents.allocations.levels import LearnedLevels
from edge_llm_agents.allocations.policy import LearnedAllocation
from edge_llm_agents.evaluation.judging import Judge
from edge_llm_agents.pretrained.saved_policies import Card, load_policy
from edge_llm_agents.seeded.runs import Asked, Learned, Run, Trained, judge_runs
from edge_llm_env.envs.suite import COMPUTE
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import shown


def saved_modules(name: str, scenario: Scenario) -> tuple[Run, Card]:
    """The modules of a saved policy of `Compute-v0` with exact levels as a run that is over, and its card.

    They are what a search would find again with the card's settings and seed. Raises ValueError as `load_policy`
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
    scenario_name: str, overrides: dict[str, Any], saved: tuple[Run, Card], judge: Judge[Any, Any]
) -> Iterator[Trained]:
    """Judge what `saved_modules` returned on the judge's workloads."""
    run, card = saved
    return judge_runs(Asked(scenario_name, overrides, card.algorithm, card.hyperparameters), [run], judge)
