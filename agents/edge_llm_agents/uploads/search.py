"""Finding an order of uploads for a scenario: the cross-entropy method, from tuned optimal stopping on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import served_by_members
from edge_llm_agents.uploads.order import SPREADS, starting_point
from edge_llm_agents.uploads.policy import LearnedUploads
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings, check_generations
from edge_llm_agents.value_search.generations import FoundPolicy, Progress, search_generations
from edge_llm_baselines.uploads.stopping import tune_price
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.workload import Workload


@dataclass(frozen=True)
class UploadSettings:
    """How an order of uploads is found."""

    generations: int = 8
    """Generations of candidates."""
    episodes: int = 48
    """Workloads of a generation, the same for all its candidates, others for the next."""
    cross_entropy: CrossEntropySettings = field(default_factory=lambda: CrossEntropySettings(16, 4, 0.5, 1.0, 0.1))
    """The search itself, whose deviations are in those of `edge_llm_agents.uploads.order.SPREADS`."""
    validate_every: int = 4
    """Generations between validations."""
    validation_episodes: int = 200
    """Workloads that choose among the means, apart from training's and from evaluation's."""

    def __post_init__(self) -> None:
        check_generations(self)


def search_uploads(
    scenario: Scenario,
    settings: UploadSettings,
    seed: int = 0,
    report: Callable[[Progress], None] = lambda progress: None,
) -> FoundPolicy[LearnedUploads]:
    """Search from tuned optimal stopping on; equal settings and seeds find the same.

    Raises ValueError for a scenario without a road.
    """
    start, spreads = starting_point(tune_price(scenario, seed)), np.array(list(SPREADS.values()))

    def served_by_each(candidates: NDArray[np.float64], workloads: Sequence[Workload]) -> NDArray[np.int64]:
        policy = LearnedUploads(start + spreads * candidates, scenario)
        return served_by_members(policy, len(candidates), scenario, workloads)

    found = search_generations(np.zeros(len(start)), settings, scenario, seed, served_by_each, report)
    return found.of(LearnedUploads(start + spreads * found.parameters, scenario))
