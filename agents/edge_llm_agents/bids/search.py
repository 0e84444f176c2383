"""Finding bids for a scenario: the cross-entropy method, from equal bids on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.bids.policy import FEATURES, LearnedBids
from edge_llm_agents.evaluation.playing import served_by_members
from edge_llm_agents.value_search.generations import Found, Generations, Progress, search_generations
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


def search_bids(
    scenario: Scenario,
    settings: Generations,
    seed: int = 0,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Found:
    """Search for the weights of `LearnedBids` by whom they serve; equal settings and seeds find the same."""

    def served_by_each(weights: NDArray[np.float64], workloads: Sequence[Workload]) -> NDArray[np.int64]:
        return served_by_members(LearnedBids(weights, scenario), len(weights), scenario, workloads)

    return search_generations(np.zeros(len(FEATURES)), settings, scenario, seed, served_by_each, report)
