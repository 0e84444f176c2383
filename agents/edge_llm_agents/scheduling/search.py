"""Finding a learned scheduler for a scenario: the cross-entropy method, from the rule that is tuned for it on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import served_by_members
from edge_llm_agents.scheduling.numbers import NUMBERS, SPREADS, starting_point
from edge_llm_agents.scheduling.policy import LearnedScheduler
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings, check_generations
from edge_llm_agents.value_search.generations import FoundPolicy, Progress, search_generations
from edge_llm_baselines.schedulers.policy import tuned_numbers
from edge_llm_baselines.schedulers.suite import CHEAPEST
from edge_llm_env.engine.params import engine_params
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.workload import Workload


@dataclass(frozen=True)
class SchedulerSettings:
    """How a learned scheduler is found."""

    generations: int = 30
    """Generations of candidates."""
    episodes: int = 10
    """Workloads of a generation, the same for all its candidates, others for the next."""
    cross_entropy: CrossEntropySettings = field(default_factory=lambda: CrossEntropySettings(24, 6, 0.6, 1.0, 0.1))
    """The search itself, whose deviations are in those of `edge_llm_agents.scheduling.numbers.SPREADS`."""
    validate_every: int = 5
    """Generations between validations."""
    validation_episodes: int = 40
    """Workloads that choose among the means, apart from training's and from evaluation's."""

    def __post_init__(self) -> None:
        check_generations(self)


def search_scheduler(
    scenario: Scenario,
    settings: SchedulerSettings,
    seed: int = 0,
    report: Callable[[Progress], None] = lambda progress: None,
) -> FoundPolicy[LearnedScheduler]:
    """Search from the tuned cheapest-first rule on; equal settings and seeds find the same.

    All candidates of a generation play the same workloads in one vector environment, so what they differ by is theirs.
    """
    start = starting_point(engine_params(scenario), tuned_numbers(CHEAPEST, scenario, seed))
    spreads = np.array([SPREADS[name] for name in NUMBERS])

    def served_by_each(candidates: NDArray[np.float64], workloads: Sequence[Workload]) -> NDArray[np.int64]:
        policy = LearnedScheduler(start + spreads * candidates, scenario)
        return served_by_members(policy, len(candidates), scenario, workloads)

    found = search_generations(np.zeros(len(start)), settings, scenario, seed, served_by_each, report)
    return found.of(LearnedScheduler(start + spreads * found.parameters, scenario))
