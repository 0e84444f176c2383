"""Finding a learned allocation for a scenario: the cross-entropy method, from the rules that are tuned for it on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.allocations.forecast import fit_forecast
from edge_llm_agents.allocations.function import AllocationFunction
from edge_llm_agents.allocations.policy import LearnedAllocation, allocation_function, mechanism_of
from edge_llm_agents.evaluation.playing import served_by_members
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings, check_generations
from edge_llm_agents.value_search.features import FEATURE_SETS
from edge_llm_agents.value_search.functions import ValueFunction
from edge_llm_agents.value_search.generations import FoundPolicy, Progress, search_generations
from edge_llm_agents.value_search.search import training_workloads
from edge_llm_baselines.registry.batches import DISCOUNT
from edge_llm_baselines.registry.modules import PARTITION
from edge_llm_env.envs.suite import BANDWIDTH
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import one_of
from edge_llm_env.workload.workload import Workload

FORECAST_EPISODES = 60
"""Workloads that what will be asked for is learned from, where requests are of several classes."""


@dataclass(frozen=True)
class AllocationSettings:
    """How a learned allocation is found."""

    width: int = 0
    """Hidden units of the value function of requests; 0 for a linear one."""
    features: str | None = None
    """What it sees of requests: a name of `edge_llm_agents.value_search.features.FEATURE_SETS`; if not given, tiers
    where variants serve the requests, foreseen elsewhere."""
    generations: int = 25
    """Generations of candidates."""
    episodes: int = 24
    """Workloads of a generation, the same for all its candidates, others for the next."""
    cross_entropy: CrossEntropySettings = field(default_factory=lambda: CrossEntropySettings(20, 5))
    """The search itself."""
    validate_every: int = 5
    """Generations between validations."""
    validation_episodes: int = 100
    """Workloads that choose among the means, apart from training's and from evaluation's."""

    def __post_init__(self) -> None:
        if self.features is not None:
            one_of("features", self.features, FEATURE_SETS)
        ValueFunction(self.width)  # raises for one that cannot be
        check_generations(self)

    def seen_in(self, env_id: str) -> tuple[str, ...]:
        """Features of requests that a function sees in an environment."""
        return FEATURE_SETS[self.features or ("foreseen" if env_id == BANDWIDTH else "tiers")]


def search_allocation(
    env_id: str,
    scenario: Scenario,
    settings: AllocationSettings,
    seed: int = 0,
    report: Callable[[Progress], None] = lambda progress: None,
) -> FoundPolicy[LearnedAllocation]:
    """Search from the tuned look-ahead rule and the best fixed partition on; equal settings and seeds find the same.

    Values begin as those of the look-ahead rule and modules divided as by the best fixed partition, where a scenario
    leaves these to be tuned. Where requests are of several classes, what will be asked for is fitted first, and modules
    begin divided evenly: a variant that the fixed partition does without would be too far down to be tried.
    """
    function = allocation_function(env_id, scenario, width=settings.width, features=settings.seen_in(env_id))
    partition = PARTITION.tune(scenario, seed) if function.variants and not function.foresees else None
    discount = DISCOUNT.tune(scenario, seed) if function.values else None
    forecast = None
    if function.foresees:
        known = training_workloads(scenario, seed, 0, FORECAST_EPISODES)
        forecast = fit_forecast(env_id, scenario, mechanism_of(env_id).observation, known)
    start = function.starting_point(partition, discount)
    found = search_generations(
        start,
        settings,
        scenario,
        seed,
        lambda candidates, workloads: served_by_each(env_id, function, candidates, scenario, workloads, forecast),
        report,
    )
    policy = LearnedAllocation(env_id, function, found.parameters, scenario, forecast)
    return found.of(policy)


def served_by_each(
    env_id: str,
    function: AllocationFunction,
    parameters: NDArray[np.float64],
    scenario: Scenario,
    workloads: Sequence[Workload],
    forecast: NDArray[np.float32] | None = None,
) -> NDArray[np.int64]:
    """(P, workloads) requests that each candidate of (P, size) serves on each workload."""
    policy = LearnedAllocation(env_id, function, parameters, scenario, forecast)
    return served_by_members(policy, len(parameters), scenario, workloads)
