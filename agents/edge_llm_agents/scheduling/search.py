"""Finding a learned scheduler for a scenario: the cross-entropy method, from the rule that is tuned for it on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import evaluate_learned
from edge_llm_agents.scheduling.numbers import NUMBERS, SPREADS, starting_point
from edge_llm_agents.scheduling.policy import LearnedScheduler
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_agents.value_search.generations import Progress, search_generations
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
        for name in ("generations", "episodes", "validate_every", "validation_episodes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}: must be at least 1")


class Found(NamedTuple):
    """What a search found."""

    policy: LearnedScheduler
    """With the numbers that validated best."""
    curve: list[Progress]
    """After each generation."""
    epoch_steps: int
    """Epochs' worth of simulated time played in training, of all candidates."""


def search_scheduler(
    scenario: Scenario,
    settings: SchedulerSettings,
    seed: int = 0,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Found:
    """Search from the tuned cheapest-first rule on; equal settings and seeds find the same.

    All candidates of a generation play the same workloads in one vector environment, so what they differ by is theirs.
    """
    start = starting_point(engine_params(scenario), tuned_numbers(CHEAPEST, scenario, seed))
    spreads = np.array([SPREADS[name] for name in NUMBERS])
    found = search_generations(
        np.zeros(len(start)),
        settings,
        scenario,
        seed,
        lambda candidates, workloads: served_by_each(start + spreads * candidates, scenario, workloads),
        report,
    )
    return Found(LearnedScheduler(start + spreads * found.parameters, scenario), found.curve, found.epoch_steps)


def served_by_each(numbers: NDArray[np.float64], scenario: Scenario, workloads: Sequence[Workload]) -> NDArray:
    """(P, workloads) requests that each candidate of (P, size) serves on each workload."""
    policy = LearnedScheduler(numbers, scenario)
    return evaluate_learned(policy, scenario, list(workloads) * len(numbers)).served.reshape(len(numbers), -1)
