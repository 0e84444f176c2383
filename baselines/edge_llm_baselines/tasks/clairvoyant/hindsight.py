"""What could be completed of agent tasks, and what no policy exceeds: an episode with all tasks known."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.tasks.bound import task_bound
from edge_llm_baselines.tasks.clairvoyant.planned import completed_by_plan
from edge_llm_baselines.tasks.told import told_values
from edge_llm_baselines.tasks.valued import Floats, Seen, ValuedCalls, Values
from edge_llm_baselines.tasks.windows import Windows
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload

ROUNDS, CANDIDATES = 6, 16
"""Of the search for a schedule."""

DEVIATION, NARROWER = 1.0, 0.75
"""Of the logarithms of tasks' weights in the first round, and what it is multiplied by after each."""


def hindsight_of_tasks(
    scenario: Scenario, workloads: Sequence[Workload], rules: Sequence[MakePolicy]
) -> HindsightBounds:
    """A schedule and a bound for each workload: the best of the `rules`, replayed, or what searches find, if better.

    One begins at the rule that is told the calls, whatever rules are given, and weighs tasks; one plans each call's
    epoch. What they find is what the environment itself plays, so a clairvoyant that sees as many slots completes as
    many.
    Raises ValueError for no workload.
    """
    if not workloads:
        raise ValueError("workloads: must have at least one workload")
    started_s = time.perf_counter()
    replayed = np.max([roll_out(rule, BATCH_SELECTION, scenario, workloads).served for rule in rules], axis=0)
    found = [
        max(int(best), searched(scenario, workload), completed_by_plan(scenario, workload))
        for best, workload in zip(replayed, workloads, strict=True)
    ]
    bounds = [
        task_bound(Windows.of(scenario, workload), value) for value, workload in zip(found, workloads, strict=True)
    ]
    seconds = (time.perf_counter() - started_s) / len(workloads)
    return HindsightBounds(np.array(found), np.array(bounds), seconds)


def searched(scenario: Scenario, workload: Workload, seed: int = 0) -> int:
    """Tasks that are completed with the best weights of tasks found: an evolution strategy around the told rule."""
    if workload.task is None or workload.requests == 0:
        return 0
    rng, task = np.random.default_rng(seed), workload.task
    centre, deviation, best = np.zeros(int(task[-1]) + 1), DEVIATION, -1
    for _ in range(ROUNDS):
        weights = centre + deviation * rng.standard_normal((CANDIDATES, len(centre)))
        weights[0] = centre
        values = _weighted(np.exp(weights), task)
        completed = roll_out(
            lambda env, values=values: ValuedCalls(values, env),  # type: ignore[misc]
            BATCH_SELECTION,
            scenario,
            [workload] * CANDIDATES,
        ).served
        if completed.max() > best:
            best, centre = int(completed.max()), weights[int(completed.argmax())]
        deviation *= NARROWER
    return best


def _weighted(weights: Floats, task: NDArray[np.int64]) -> Values:
    """The told rule's values times each row's weight of the task."""
    told = told_values(1.0)

    def values(seen: Seen) -> Floats:
        return told(seen) * weights[np.arange(len(weights))[:, None], task[seen.call]]

    return values
