"""Putting what a workload has of calls on rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_llm_env.tasks.settings import TaskSettings
from edge_llm_env.workload.generator import Drawn
from edge_llm_env.workload.workload import Workload

GIVEN = ("task_kind", "tool_s", "context_tokens", "kept_tokens")
"""Arrays of a workload that rows hold as they are; `predecessors` too, and `signals` where there are some."""


def check_calls(workload: Workload, tasks: TaskSettings) -> None:
    """Raise ValueError for a workload that is none of a scenario with these tasks."""
    if workload.task is None or workload.predecessors is None or workload.task_kind is None:
        raise ValueError("workload task: must be given, the scenario's requests are calls of tasks")
    most = tasks.most_predecessors
    if workload.predecessors.shape[1] > most:
        raise ValueError(f"workload predecessors has shape {workload.predecessors.shape}: must have at most {most}")
    if workload.requests and workload.task_kind.max() >= len(tasks.kinds):
        raise ValueError(
            f"workload task_kind = {workload.task_kind.max()}: must be less than the scenario's {len(tasks.kinds)}"
        )
    shown = 0 if workload.signals is None else workload.signals.shape[1]
    if shown != tasks.signal_size:
        raise ValueError(f"workload signals has {shown} numbers: must have {tasks.signal_size}")


def put_calls(state: Any, rows: list[int], drawn: Drawn, tasks: TaskSettings) -> None:
    """Put the calls of workloads that were checked on rows, which have room for them.

    Raises ValueError for a task of more calls than any of the scenario's.
    """
    workload, first = drawn.joined, 0
    assert workload.predecessors is not None  # as the check has seen to
    for row, count in zip(rows, drawn.requests, strict=True):
        mine = slice(first, first + count)
        task = workload.task[mine] if workload.task is not None else np.zeros(0, dtype=np.int64)
        begins = np.searchsorted(task, task)
        calls = np.searchsorted(task, task, side="right") - begins
        if calls.max(initial=0) > tasks.most_calls:
            raise ValueError(f"workload task: has {calls.max()} calls of a task, must have at most {tasks.most_calls}")
        state.task_first[row, :count] = begins
        state.task_calls[row, :count] = calls
        state.predecessors[row, :count] = 0
        state.predecessors[row, :count, : workload.predecessors.shape[1]] = workload.predecessors[mine]
        for name in GIVEN:
            getattr(state, name)[row, :count] = getattr(workload, name)[mine]
        if workload.signals is not None:
            state.signals[row, :count] = workload.signals[mine]
        first += count
