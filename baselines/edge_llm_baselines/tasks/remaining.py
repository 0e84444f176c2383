"""What is left of an agent task, by its kind and the calls that are done, as training workloads have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.remembering import once_a_scenario
from edge_llm_baselines.tasks.signals.examples import training_workloads
from edge_llm_baselines.tasks.signals.scores import MakeScores, Scores
from edge_llm_baselines.tasks.signals.shown import mean_scores
from edge_llm_baselines.tasks.valued import Seen
from edge_llm_baselines.tasks.work import calls_work_s
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.task_dynamics.simulation import TaskSimulation
from edge_llm_env.workload.workload import Workload

LEVELS = 8
"""Of scores that are told apart: of a kind and calls done each has as many training tasks."""

LEAST_TASKS = 50
"""Training tasks of a level; where there are fewer, levels are fewer."""

Floats = NDArray[np.float64]


class Left(NamedTuple):
    """Of n training tasks of one kind that had more calls than so many, what was left after these."""

    work_s: Floats
    """(n,) ascending: compute time of the calls, each beside others in a batch."""
    calls_in_row: Floats
    """(n,) calls of the longest chain among them: no two of these are served in one epoch."""


class Remaining:
    """What is left of tasks, by group and calls done; a group is a kind, or one of LEVELS of its tasks' scores.

    `samples[group, done]` is of the tasks of the training workloads that have got so far. Calls are counted as done in
    the order in which a workload has them, and a task's score is the mean of those of its calls up to the next.
    """

    def __init__(self, scenario: Scenario, workloads: Sequence[Workload], scores: Scores | None = None) -> None:
        simulation = TaskSimulation(scenario, rows=1)
        tasks = scenario.workload.tasks
        assert tasks is not None  # or there was no simulation
        self.most_calls, self._scores = tasks.most_calls, scores
        self._levels = 1 if scores is None else LEVELS
        self.groups = len(tasks.kinds) * self._levels
        self.slacks = int(np.ceil(scenario.workload.latency_requirement_s.high / scenario.epoch.epoch_s)) + 1
        """Slacks that tables tell apart, in whole epochs from 0."""
        self._cuts = np.full((len(tasks.kinds), self.most_calls + 1, self._levels - 1), np.inf)
        """Scores that part the levels of each kind and calls done."""
        found: dict[tuple[int, int], list[tuple[float, int, float]]] = {}
        for workload in workloads:
            _add(found, workload, calls_work_s(simulation, workload), _scored(scores, workload))
        self.samples: dict[tuple[int, int], Left] = {}
        for (kind, done), tasks_left in found.items():
            self._sort(kind, done, np.array(tasks_left, dtype=np.float64))

    def _sort(self, kind: int, done: int, left: Floats) -> None:
        """Part n tasks, (n, 3) of work, calls in a row and score, by their scores."""
        levels = min(self._levels, max(1, len(left) // LEAST_TASKS))
        cuts = np.quantile(left[:, 2], np.arange(1, levels) / levels)
        self._cuts[kind, done, : len(cuts)] = cuts
        level = np.searchsorted(cuts, left[:, 2])
        for each in np.unique(level).tolist():
            mine = left[level == each]
            ascending = mine[np.lexsort((mine[:, 1], mine[:, 0]))]
            self.samples[kind * self._levels + each, done] = Left(ascending[:, 0].copy(), ascending[:, 1].copy())

    def group(self, seen: Seen) -> NDArray[np.int64]:
        """(rows, Q) that of each visible call's task."""
        if self._scores is None:
            return seen.kind
        row, slot = np.nonzero(seen.present)
        level = np.zeros(seen.kind.shape, dtype=np.int64)
        scores = mean_scores(self._scores, seen.simulation.state, row, seen.call[row, slot])
        level[row, slot] = (self._cuts[seen.kind[row, slot], seen.done[row, slot]] < scores[:, None]).sum(axis=1)
        return seen.kind * self._levels + level

    def indices(self, epochs_per_call: float) -> Floats:
        """Gittins index of tasks, per second of work, of shape (groups, most_calls + 1, slacks).

        max over w of P(the task ends within work w, and in time) / E[work until it ends or w is spent]: Gittins 1979,
        for jobs of unknown length; here a task of z calls in a row ends in time if (z - 1)·epochs_per_call epochs fit
        into its slack.
        """
        table = np.zeros((self.groups, self.most_calls + 1, self.slacks))
        for (group, done), left in self.samples.items():
            count = len(left.work_s)
            spent = np.cumsum(left.work_s) + (count - 1 - np.arange(count)) * left.work_s
            ends = np.cumsum(self._in_time(left, epochs_per_call), axis=1)
            table[group, done] = (ends / np.maximum(spent, 1e-12)).max(axis=1)
        return table

    def chances(self, epochs_per_call: float) -> Floats:
        """Part of the tasks that end in time, of the same shape."""
        table = np.zeros((self.groups, self.most_calls + 1, self.slacks))
        for (group, done), left in self.samples.items():
            table[group, done] = self._in_time(left, epochs_per_call).mean(axis=1)
        return table

    def mean_work_s(self) -> Floats:
        """Work that is left on average (s), of shape (groups, most_calls + 1); 0 where no task got so far."""
        return self._means(lambda left: left.work_s)

    def mean_calls_in_row(self) -> Floats:
        """Calls of the longest chain that is left on average, of the same shape."""
        return self._means(lambda left: left.calls_in_row)

    def _means(self, of: Callable[[Left], Floats]) -> Floats:
        table = np.zeros((self.groups, self.most_calls + 1))
        for (group, done), left in self.samples.items():
            table[group, done] = of(left).mean()
        return table

    def _in_time(self, left: Left, epochs_per_call: float) -> NDArray[np.bool_]:
        """(slacks, n) whether each would end in time with each slack."""
        needed = (left.calls_in_row - 1.0) * epochs_per_call
        return needed[None, :] <= np.arange(self.slacks)[:, None]


@once_a_scenario
def remaining_of(scenario: Scenario, seed: int, make_scores: MakeScores | None = None) -> Remaining:
    """That of a scenario's training workloads, by the scores of signals if some are made."""
    scores = None if make_scores is None else make_scores(scenario, seed)
    return Remaining(scenario, training_workloads(scenario, seed), scores)


def calls_in_row(predecessors: NDArray[np.int64]) -> NDArray[np.int64]:
    """(C,) calls of the longest chain from each call of a task to an end; `predecessors` (C, P) places back."""
    longest = np.ones(len(predecessors), dtype=np.int64)
    for call in range(len(predecessors) - 1, -1, -1):
        for back in predecessors[call].tolist():
            if back > 0:
                longest[call - back] = max(longest[call - back], longest[call] + 1)
    return longest


def _scored(scores: Scores | None, workload: Workload) -> Floats:
    """(N,) the score of each call, 0 without signals."""
    if scores is None or workload.task_kind is None or workload.signals is None:
        return np.zeros(workload.requests)
    return scores(workload.task_kind, workload.signals)


def _add(
    found: dict[tuple[int, int], list[tuple[float, int, float]]], workload: Workload, work_s: Floats, scores: Floats
) -> None:
    """Add what is left of a workload's tasks after each of their calls, and what is thought of them then."""
    if workload.task is None or workload.task_kind is None or workload.predecessors is None:
        raise ValueError("workload task: must be given, the scenario's requests are calls of tasks")
    firsts = np.flatnonzero(np.diff(workload.task, prepend=-1))
    for first, end in zip(firsts.tolist(), [*firsts[1:].tolist(), workload.requests], strict=True):
        left_s = np.cumsum(work_s[first:end][::-1])[::-1]
        in_row = np.maximum.accumulate(calls_in_row(workload.predecessors[first:end])[::-1])[::-1]
        thought = np.cumsum(scores[first:end]) / np.arange(1, end - first + 1)
        for done in range(end - first):
            of_kind = found.setdefault((int(workload.task_kind[first]), done), [])
            of_kind.append((float(left_s[done]), int(in_row[done]), float(thought[done])))
