"""Where a policy is learned: its scenario, and others of other loads and models, so that it holds for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from edge_llm_agents.evaluation.playing import evaluate_solver, evaluate_values
from edge_llm_agents.structured.policy import StructuredPolicy
from edge_llm_agents.structured.settings import StructuredSettings
from edge_llm_agents.value_search.search import at_load, training_workloads
from edge_llm_baselines import DFTSP
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload


class Place(NamedTuple):
    """A scenario that is learned in, with what validates there."""

    scenario: Scenario
    validation: Sequence[Workload]
    oracle_served: int
    """What DFTSP serves on these."""
    episodes: int
    """Workloads of a round."""

    def in_parts(self, seed: int, number: int, rows: int) -> Iterator[Sequence[Workload]]:
        """The workloads of a round, as many at a time as are played side by side."""
        workloads = training_workloads(self.scenario, seed, number, self.episodes)
        for first in range(0, len(workloads), rows):
            yield workloads[first : first + rows]


def places_of(scenario: Scenario, settings: StructuredSettings, seed: int) -> list[Place]:
    """The scenario at each load, and with each other model on its node; all have the same number of workloads.

    Raises ValueError where arrivals have no `rate_per_s` to multiply, and ScenarioError for a model that does not fit.
    """
    scenarios = [at_load(scenario, load) for load in settings.loads]
    for decoder, load in settings.decoders.items():
        scenarios.append(at_load(load_scenario(scenario, **{"node.decoder": decoder}), load))
    episodes = max(1, settings.episodes // len(scenarios))
    validated = max(1, settings.validation_episodes // len(scenarios))
    places = []
    for one in scenarios:
        validation = draw_workloads(one, validated, seed, Stream.VALIDATION)
        served = int(evaluate_solver(DFTSP(), one, validation).served.sum())
        places.append(Place(one, validation, served, episodes))
    return places


def percent_of_dftsp(policy: StructuredPolicy, places: Sequence[Place]) -> float:
    """What a policy serves in validation, in percent of DFTSP: the mean over places, so that none outweighs others."""
    percents = []
    for place in places:
        served = evaluate_values(policy.for_scenario(place.scenario), place.scenario, place.validation).served.sum()
        percents.append(100.0 * float(served / max(1, place.oracle_served)))
    return float(np.mean(percents))
