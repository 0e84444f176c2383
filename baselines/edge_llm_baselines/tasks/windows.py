"""When each call of a workload's tasks could be served, and the least that this takes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.tasks.remaining import Floats
from edge_llm_baselines.tasks.work import calls_work_s
from edge_llm_env.feasibility.rule import TOLERANCE
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.task_dynamics.simulation import TaskSimulation
from edge_llm_env.workload.workload import Workload

Integers = NDArray[np.int64]


class Windows(NamedTuple):
    """A relaxation of an episode of tasks: N calls, each in some epochs, and compute time alone.

    Dropped are bands, memory, and slacks in a batch but each call's own. Contexts are as kept as they can be.
    """

    task: Integers
    """(N,) from 0."""
    tasks: int
    first: Integers
    """(N,) the first epoch in which it could be served, from 0, if all before it were as early as they can be."""
    last: Integers
    """(N,) the last, if all behind it are as late as they can be; before `first` in tasks that cannot be completed."""
    work_s: Floats
    """(N,) the least that it adds to a batch's compute time."""
    level: Integers
    """(N,) of its output length, from 0 for the shortest."""
    room_s: Floats
    """(levels,) what the window leaves for the work of calls where outputs of that level are the longest."""
    gaps: Integers
    """(N, P) epochs from each predecessor to it at the least; 0 for none."""
    predecessors: Integers
    """(N, P) places before it; 0 for none."""
    epochs: int

    @classmethod
    def of(cls, scenario: Scenario, workload: Workload) -> Windows:
        """Those of a workload. Raises ValueError where its requests are no calls of tasks."""
        simulation = TaskSimulation(scenario, rows=1)
        params, epoch_s = simulation.params, scenario.epoch.epoch_s
        if workload.task is None or workload.predecessors is None or workload.tool_s is None:
            raise ValueError("workload task: must be given, the scenario's requests are calls of tasks")
        work_s = calls_work_s(simulation, workload)
        base = simulation.rule(0).compute_s.base
        outputs, level = np.unique(workload.output_tokens, return_inverse=True)
        shortest = float(workload.prompt_tokens.min(initial=1))
        per_batch_s = np.array([base(shortest, float(output)) for output in outputs])
        gaps = np.where(workload.predecessors > 0, 1 + np.ceil(workload.tool_s / epoch_s).astype(np.int64)[:, None], 0)
        ready_s = workload.arrival_s + np.where((workload.predecessors > 0).any(axis=1), 0.0, workload.tool_s)
        # Epoch e begins at (e + 1)·T_E; what arrives at its beginning is not yet there.
        first = np.maximum(np.floor(workload.arrival_s / epoch_s), np.ceil(ready_s / epoch_s) - 1).astype(np.int64)
        end_s = workload.arrival_s + workload.latency_requirement_s - params.reserved_s - work_s - per_batch_s[level]
        last = np.floor(end_s / epoch_s + TOLERANCE).astype(np.int64) - 1
        last = np.minimum(last, scenario.epoch.episode_epochs - 1)
        _tighten(first, last, workload.predecessors, gaps)
        return cls(
            workload.task,
            int(workload.task.max(initial=-1)) + 1,
            first,
            last,
            work_s,
            level.astype(np.int64),
            np.maximum(params.window_s * (1.0 + TOLERANCE) - per_batch_s, 0.0),
            gaps,
            workload.predecessors,
            scenario.epoch.episode_epochs,
        )

    def possible(self) -> NDArray[np.bool_]:
        """(tasks,) whether each could be completed if it were alone."""
        fits = (self.first <= self.last) & (self.work_s <= self.room_s[self.level])
        return np.bincount(self.task, weights=~fits, minlength=self.tasks) == 0.0


def _tighten(first: Integers, last: Integers, predecessors: Integers, gaps: Integers) -> None:
    """Bring windows in line with what goes before and what follows."""
    for call in range(len(first)):
        for back, gap in zip(predecessors[call].tolist(), gaps[call].tolist(), strict=True):
            if back > 0:
                first[call] = max(first[call], first[call - back] + gap)
    for call in range(len(first) - 1, -1, -1):
        for back, gap in zip(predecessors[call].tolist(), gaps[call].tolist(), strict=True):
            if back > 0:
                last[call - back] = min(last[call - back], last[call] - gap)


def whole(bound: float) -> int:
    """A bound on a whole number, rounded down."""
    return math.floor(bound + 1e-6)
