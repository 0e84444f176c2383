"""What makes a number of a call's signal: coefficients of each kind of task, or the form itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.remembering import once_a_scenario
from edge_llm_baselines.tasks.signals.examples import examples_of, training_workloads
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.tasks.settings import TaskSettings
from edge_llm_env.tasks.signals import Signals

RIDGE = 1.0
"""Weight of the squared coefficients beside the squared errors."""

Scores: TypeAlias = Callable[[NDArray[np.int64], NDArray[np.float64]], NDArray[np.float64]]
"""`(kinds, signals)` of n calls, (n,) and (n, D): the larger, the more calls their tasks are thought to have, (n,)."""

MakeScores: TypeAlias = Callable[[Scenario, int], Scores]
"""From a scenario and the seed of its training workloads."""


def has_signals(scenario: Scenario) -> bool:
    """Whether something comes with calls that says how large their task is."""
    return scenario.workload.tasks is not None and scenario.workload.tasks.signals is not None


def announced(scenario: Scenario) -> tuple[TaskSettings, Signals]:
    """A scenario's tasks and what comes with their calls. Raises ScenarioError for a scenario without signals."""
    tasks = scenario.workload.tasks
    if tasks is None or tasks.signals is None:
        raise ScenarioError(f"scenario {scenario.name}: workload.tasks.signals: must be given")
    return tasks, tasks.signals


@dataclass(frozen=True, eq=False)
class LinearScores:
    """A constant and a coefficient for each number of a signal, of each kind of task."""

    coefficients: NDArray[np.float64]
    """(kinds, 1 + D)"""

    def __call__(self, kind: NDArray[np.int64], signals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores of n calls."""
        own = self.coefficients[kind]
        scores: NDArray[np.float64] = own[:, 0] + (own[:, 1:] * signals).sum(axis=1)
        return scores


@once_a_scenario
def linear_scores(scenario: Scenario, seed: int) -> Scores:
    """Coefficients by ridge regression of each kind on training workloads; zeros for a kind that none of them has.

    Raises ScenarioError for a scenario without signals.
    """
    kinds = len(announced(scenario)[0].kinds)
    kind, signals, size = examples_of(training_workloads(scenario, seed))
    columns = np.concatenate([np.ones((len(kind), 1)), signals], axis=1)
    penalty = RIDGE * np.eye(columns.shape[1])
    found = np.zeros((kinds, columns.shape[1]))
    for each in np.unique(kind).tolist():
        mine = columns[kind == each]
        found[each] = np.linalg.solve(mine.T @ mine + penalty, mine.T @ size[kind == each])
    return LinearScores(found)


def told_scores(scenario: Scenario, seed: int) -> Scores:
    """What the form hides: informed. Raises ScenarioError for a scenario without signals."""
    return announced(scenario)[1].behind
