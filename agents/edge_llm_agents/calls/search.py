"""Finding values of calls, or their order, for a scenario: the cross-entropy method, from a tuned rule on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.calls import order
from edge_llm_agents.calls.engine import LearnedOrder
from edge_llm_agents.calls.policy import LearnedCalls
from edge_llm_agents.calls.worth import SPREADS
from edge_llm_agents.evaluation.playing import served_by_members
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings, check_generations
from edge_llm_agents.value_search.generations import FoundPolicy, Progress, search_generations
from edge_llm_baselines.schedulers.policy import tuned_numbers
from edge_llm_baselines.schedulers.suite import FEWEST_CALLS
from edge_llm_baselines.tasks.tuning import tune_admission
from edge_llm_env.scenarios import Scenario
from edge_llm_env.task_dynamics.params import tasks_of
from edge_llm_env.workload.workload import Workload


@dataclass(frozen=True)
class CallSettings:
    """How values of calls, or their order, are found."""

    generations: int = 8
    """Generations of candidates."""
    episodes: int = 12
    """Workloads of a generation, the same for all its candidates, others for the next."""
    cross_entropy: CrossEntropySettings = field(default_factory=lambda: CrossEntropySettings(16, 4, 0.5, 1.0, 0.1))
    """The search itself, whose deviations are in those of SPREADS of `edge_llm_agents.calls.worth`, or `order`."""
    validate_every: int = 4
    """Generations between validations."""
    validation_episodes: int = 60
    """Workloads that choose among the means, apart from training's and from evaluation's."""

    def __post_init__(self) -> None:
        check_generations(self)


def search_calls(
    scenario: Scenario,
    settings: CallSettings,
    seed: int = 0,
    report: Callable[[Progress], None] = lambda progress: None,
) -> FoundPolicy[LearnedCalls]:
    """Search from the tuned index rule with admission on; equal settings and seeds find the same.

    What counts are tasks completed. Raises ValueError for a scenario without tasks, and for one where a failure costs.
    """
    check_counts(scenario)
    rule, spreads = tune_admission(scenario, seed), np.array(list(SPREADS.values()))
    assert rule is not None  # as there are tasks

    def served_by_each(candidates: NDArray[np.float64], workloads: Sequence[Workload]) -> NDArray[np.int64]:
        policy = LearnedCalls(spreads * candidates, rule, seed, scenario)
        return served_by_members(policy, len(candidates), scenario, workloads)

    found = search_generations(np.zeros(len(spreads)), settings, scenario, seed, served_by_each, report)
    return found.of(LearnedCalls(spreads * found.parameters, rule, seed, scenario))


def search_order(
    scenario: Scenario,
    settings: CallSettings,
    seed: int = 0,
    report: Callable[[Progress], None] = lambda progress: None,
) -> FoundPolicy[LearnedOrder]:
    """Search likewise from *fewest calls left* on, tuned, where an engine serves the calls; raises as that does."""
    check_counts(scenario)
    rule, spreads = tuned_numbers(FEWEST_CALLS, scenario, seed), np.array(list(order.SPREADS.values()))

    def served_by_each(candidates: NDArray[np.float64], workloads: Sequence[Workload]) -> NDArray[np.int64]:
        policy = LearnedOrder(spreads * candidates, rule, scenario)
        return served_by_members(policy, len(candidates), scenario, workloads)

    found = search_generations(np.zeros(len(spreads)), settings, scenario, seed, served_by_each, report)
    return found.of(LearnedOrder(spreads * found.parameters, rule, scenario))


def check_counts(scenario: Scenario) -> None:
    """Raises ValueError for a scenario without tasks, and for one where more counts than tasks completed."""
    tasks_of(scenario)
    if scenario.reward.task_failed != 0.0:
        said = f"scenario {scenario.name}: reward.task_failed = {scenario.reward.task_failed}"
        raise ValueError(f"{said}: must be 0, as the search counts tasks completed")
