"""Generations of the cross-entropy method on workloads, and the choice among their means by validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.value_search.cross_entropy import CrossEntropy, CrossEntropySettings
from edge_llm_agents.value_search.search import training_workloads
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload

PolicyT = TypeVar("PolicyT")


class Generations(Protocol):
    """How long to search, and on what."""

    @property
    def generations(self) -> int:
        """Generations of candidates."""
        ...

    @property
    def episodes(self) -> int:
        """Workloads of a generation, the same for all its candidates, others for the next."""
        ...

    @property
    def cross_entropy(self) -> CrossEntropySettings:
        """The search itself."""
        ...

    @property
    def validate_every(self) -> int:
        """Generations between validations."""
        ...

    @property
    def validation_episodes(self) -> int:
        """Workloads that choose among the means, apart from training's and from evaluation's."""
        ...


class Progress(NamedTuple):
    """Where a search stands after a generation."""

    generation: int
    """From 1; 0 is what it begins with."""
    validation_served: float | None
    """Requests per episode that the mean serves on the validation workloads, where it was validated."""
    deviation: float
    """Mean standard deviation of the parameters."""


class Found(NamedTuple):
    """What a search found."""

    parameters: NDArray[np.float64]
    """Those that validated best."""
    curve: list[Progress]
    """After each generation."""
    epoch_steps: int
    """Epochs played in training, of all candidates."""

    def of(self, policy: PolicyT) -> FoundPolicy[PolicyT]:
        """The same of the policy that has these parameters."""
        return FoundPolicy(policy, self.curve, self.epoch_steps)


class FoundPolicy(NamedTuple, Generic[PolicyT]):
    """What a search for a policy found."""

    policy: PolicyT
    """With the parameters that validated best."""
    curve: list[Progress]
    """After each generation."""
    epoch_steps: int
    """Epochs' worth of simulated time played in training, of all candidates."""


def search_generations(
    start: NDArray[np.float64],
    settings: Generations,
    scenario: Scenario,
    seed: int,
    served_by_each: Callable[[NDArray[np.float64], Sequence[Workload]], NDArray[np.int64]],
    report: Callable[[Progress], None],
) -> Found:
    """Search from `start` on; equal settings and seeds find the same.

    `served_by_each` tells of candidates (P, size) and workloads what each serves on each, (P, workloads). All
    candidates of a generation play the same workloads, so what they differ by is theirs and not the arrivals'.
    """
    method = CrossEntropy(start, settings.cross_entropy, np.random.default_rng((seed, 0)))
    validation = draw_workloads(scenario, settings.validation_episodes, seed, Stream.VALIDATION)
    best, most = method.mean, -np.inf
    curve: list[Progress] = []
    for generation in range(settings.generations + 1):
        if generation > 0:
            workloads = training_workloads(scenario, seed, generation, settings.episodes)
            candidates = method.ask()
            method.tell(candidates, served_by_each(candidates, workloads).mean(axis=1))
        validated = None
        if generation % settings.validate_every == 0 or generation == settings.generations:
            validated = float(served_by_each(method.mean[None], validation).mean())
            if validated > most:
                best, most = method.mean, validated
        curve.append(Progress(generation, validated, float(method.deviation.mean())))
        report(curve[-1])
    played = settings.generations * settings.cross_entropy.population * settings.episodes
    return Found(best, curve, played * scenario.epoch.episode_epochs)
