"""What is left of an agent task, by its kind and the calls that are done, as training workloads have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.remembering import once_a_scenario
from edge_llm_baselines.tasks.work import calls_work_s
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.tasks.running.simulation import TaskSimulation
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload

TRAINING_EPISODES = 60
"""Workloads that this is estimated from: some thousand tasks of a preset."""

Floats = NDArray[np.float64]


class Left(NamedTuple):
    """Of n training tasks of one kind that had more calls than so many, what was left after these."""

    work_s: Floats
    """(n,) ascending: compute time of the calls, each beside others in a batch."""
    calls_in_row: Floats
    """(n,) calls of the longest chain among them: no two of these are served in one epoch."""


class Remaining:
    """What is left of tasks, by kind and calls done.

    `samples[kind, done]` is of the tasks of the training workloads that have got so far. Calls are counted as done in
    the order in which a workload has them.
    """

    def __init__(self, scenario: Scenario, workloads: Sequence[Workload]) -> None:
        simulation = TaskSimulation(scenario, rows=1)
        tasks = scenario.workload.tasks
        assert tasks is not None  # or there was no simulation
        self.kinds, self.most_calls = len(tasks.kinds), tasks.most_calls
        self.slacks = int(np.ceil(scenario.workload.latency_requirement_s.high / scenario.epoch.epoch_s)) + 1
        """Slacks that tables tell apart, in whole epochs from 0."""
        found: dict[tuple[int, int], list[tuple[float, int]]] = {}
        for workload in workloads:
            _add(found, workload, calls_work_s(simulation, workload))
        self.samples = {key: _sorted(pairs) for key, pairs in found.items()}

    def indices(self, epochs_per_call: float) -> Floats:
        """Gittins index of tasks, per second of work, of shape (kinds, most_calls + 1, slacks).

        max over w of P(the task ends within work w, and in time) / E[work until it ends or w is spent]: Gittins 1979,
        for jobs of unknown length; here a task of z calls in a row ends in time if (z - 1)·epochs_per_call epochs fit
        into its slack.
        """
        table = np.zeros((self.kinds, self.most_calls + 1, self.slacks))
        for (kind, done), left in self.samples.items():
            count = len(left.work_s)
            spent = np.cumsum(left.work_s) + (count - 1 - np.arange(count)) * left.work_s
            ends = np.cumsum(self._in_time(left, epochs_per_call), axis=1)
            table[kind, done] = (ends / np.maximum(spent, 1e-12)).max(axis=1)
        return table

    def chances(self, epochs_per_call: float) -> Floats:
        """Part of the tasks that end in time, of the same shape."""
        table = np.zeros((self.kinds, self.most_calls + 1, self.slacks))
        for (kind, done), left in self.samples.items():
            table[kind, done] = self._in_time(left, epochs_per_call).mean(axis=1)
        return table

    def mean_work_s(self) -> Floats:
        """Work that is left on average (s), of shape (kinds, most_calls + 1); 0 where no task got so far."""
        table = np.zeros((self.kinds, self.most_calls + 1))
        for (kind, done), left in self.samples.items():
            table[kind, done] = left.work_s.mean()
        return table

    def _in_time(self, left: Left, epochs_per_call: float) -> NDArray[np.bool_]:
        """(slacks, n) whether each would end in time with each slack."""
        needed = (left.calls_in_row - 1.0) * epochs_per_call
        return needed[None, :] <= np.arange(self.slacks)[:, None]


@once_a_scenario
def remaining_of(scenario: Scenario, seed: int) -> Remaining:
    """That of a scenario's training workloads."""
    return Remaining(scenario, draw_workloads(scenario, TRAINING_EPISODES, seed, Stream.DEMONSTRATION))


def calls_in_row(predecessors: NDArray[np.int64]) -> NDArray[np.int64]:
    """(C,) calls of the longest chain from each call of a task to an end; `predecessors` (C, P) places back."""
    longest = np.ones(len(predecessors), dtype=np.int64)
    for call in range(len(predecessors) - 1, -1, -1):
        for back in predecessors[call].tolist():
            if back > 0:
                longest[call - back] = max(longest[call - back], longest[call] + 1)
    return longest


def _add(found: dict[tuple[int, int], list[tuple[float, int]]], workload: Workload, work_s: Floats) -> None:
    """Add what is left of a workload's tasks after each of their calls."""
    if workload.task is None or workload.task_kind is None or workload.predecessors is None:
        raise ValueError("workload task: must be given, the scenario's requests are calls of tasks")
    firsts = np.flatnonzero(np.diff(workload.task, prepend=-1))
    for first, end in zip(firsts.tolist(), [*firsts[1:].tolist(), workload.requests], strict=True):
        left_s = np.cumsum(work_s[first:end][::-1])[::-1]
        in_row = np.maximum.accumulate(calls_in_row(workload.predecessors[first:end])[::-1])[::-1]
        for done in range(end - first):
            of_kind = found.setdefault((int(workload.task_kind[first]), done), [])
            of_kind.append((float(left_s[done]), int(in_row[done])))


def _sorted(pairs: list[tuple[float, int]]) -> Left:
    array = np.array(sorted(pairs), dtype=np.float64)
    return Left(array[:, 0].copy(), array[:, 1].copy())
