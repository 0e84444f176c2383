"""What a clairvoyant could have served of iterations: a schedule that was found, and a bound on any."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.schedulers.clairvoyant.bound import upper_bound
from edge_llm_baselines.schedulers.clairvoyant.search import schedule_in_hindsight
from edge_llm_baselines.schedulers.clairvoyant.tasks import best_schedules, most_completed
from edge_llm_baselines.schedulers.policy import tuned_numbers
from edge_llm_baselines.schedulers.suite import CHEAPEST
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

MOVES = 300
"""At each stop of a search: 0.2 to 5 s per workload on a core, minutes where requests are calls of tasks."""


def hindsight_of_iterations(scenario: Scenario, workloads: Sequence[Workload], moves: int = MOVES) -> HindsightBounds:
    """The best schedule found and the bound on each workload. The search begins at the tuned rule *cheapest first*, of
    agent tasks at the best of all tuned rules.

    Raises ValueError for no workload.
    """
    if not workloads:
        raise ValueError("workloads: must have at least one workload")
    started_s = time.perf_counter()
    if scenario.workload.tasks is not None:
        served = best_schedules(scenario, workloads, moves)
        bounds = np.array([most_completed(scenario, workload) for workload in workloads])
    else:
        numbers = tuned_numbers(CHEAPEST, scenario)
        served = np.array([schedule_in_hindsight(scenario, workload, numbers, moves) for workload in workloads])
        bounds = np.array([upper_bound(scenario, workload) for workload in workloads])
    return HindsightBounds(served, bounds, (time.perf_counter() - started_s) / len(workloads))
