"""Calls of training workloads: what is shown with each, and how large its task is."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.remembering import once_a_scenario
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload

TRAINING_EPISODES = 60
"""Workloads that rules of tasks are estimated from: some thousand tasks of a preset."""


class Examples(NamedTuple):
    """Of n calls."""

    kind: NDArray[np.int64]
    """(n,)"""
    signals: NDArray[np.float64]
    """(n, D)"""
    size: NDArray[np.float64]
    """(n,) the normal score of the task's calls among tasks of the kind: of mean 0, the larger the more calls."""


@once_a_scenario
def training_workloads(scenario: Scenario, seed: int) -> list[Workload]:
    """Workloads that rules of tasks may learn from."""
    return draw_workloads(scenario, TRAINING_EPISODES, seed, Stream.DEMONSTRATION)


def examples_of(workloads: Sequence[Workload]) -> Examples:
    """Every call of workloads of one scenario. Raises ValueError where no signals come with calls."""
    kinds, signals, calls, first = [], [], [], []
    for workload in workloads:
        if workload.signals is None or workload.task is None or workload.task_kind is None:
            raise ValueError("workload signals: must be given, so that something can be learned from them")
        kinds.append(workload.task_kind)
        signals.append(workload.signals)
        calls.append(np.bincount(workload.task)[workload.task])
        first.append(np.diff(workload.task, prepend=-1) > 0)
    kind = np.concatenate(kinds)
    return Examples(kind, np.concatenate(signals), _normal_scores(kind, np.concatenate(calls), np.concatenate(first)))


def _normal_scores(kind: NDArray[np.int64], calls: NDArray[np.int64], first: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n,) Φ⁻¹ of the part of the kind's tasks that have fewer calls, and half of those that have as many."""
    found = np.empty(len(kind))
    for each in np.unique(kind).tolist():
        mine = kind == each
        sizes, many = np.unique(calls[mine & first], return_counts=True)
        middle = (np.cumsum(many) - 0.5 * many) / many.sum()
        scores = np.array([NormalDist().inv_cdf(one) for one in middle.tolist()])
        found[mine] = scores[np.searchsorted(sizes, calls[mine])]
    return found
