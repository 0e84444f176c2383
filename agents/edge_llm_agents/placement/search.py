"""Finding placement for a scenario: the cross-entropy method, from a rule that loads for what has arrived lately on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import served_by_members
from edge_llm_agents.placement.fitting import PlacementSettings, fit_placement
from edge_llm_agents.placement.function import SEES, PlacementFunction
from edge_llm_agents.placement.searched import SearchedPlacement
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings, check_generations
from edge_llm_agents.value_search.generations import FoundPolicy, Progress, search_generations
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import one_of
from edge_llm_env.workload.workload import Workload


@dataclass(frozen=True)
class PlacementSearchSettings:
    """How placement is searched for."""

    sees: str = "followers"
    """What demand is made of: a name of `edge_llm_agents.placement.function.SEES`."""
    generations: int = 60
    """Generations of candidates."""
    episodes: int = 3
    """Workloads of a generation, the same for all its candidates, others for the next."""
    cross_entropy: CrossEntropySettings = field(default_factory=lambda: CrossEntropySettings(40, 8, 0.5, 0.5, 0.1))
    """The search itself."""
    validate_every: int = 20
    """Generations between validations."""
    validation_episodes: int = 40
    """Workloads that choose among the means, apart from training's and from evaluation's."""

    def __post_init__(self) -> None:
        one_of("sees", self.sees, SEES)
        check_generations(self)


def search_placement(
    scenario: Scenario,
    settings: PlacementSearchSettings,
    seed: int = 0,
    report: Callable[[Progress], None] = lambda progress: None,
) -> FoundPolicy[SearchedPlacement]:
    """Search on returns alone; where a forecast is seen, the forecaster is fitted to arrivals first.

    Equal settings and seeds find the same. Raises ScenarioError where nothing is placed, or no history is shown.
    """
    function = PlacementFunction(settings.sees, scenario)
    forecaster = fit_placement(scenario, PlacementSettings(), seed) if settings.sees == "forecast" else None

    def served_by_each(parameters: NDArray[np.float64], workloads: Sequence[Workload]) -> NDArray[np.int64]:
        policy = SearchedPlacement(function, parameters, scenario, forecaster)
        return served_by_members(policy, len(parameters), scenario, workloads)

    found = search_generations(function.starting_point(), settings, scenario, seed, served_by_each, report)
    policy = SearchedPlacement(function, found.parameters, scenario, forecaster)
    return found.of(policy)
