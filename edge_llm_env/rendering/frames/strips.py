"""Agent tasks as strips: which of their calls were answered when, which tools run, and until when all must end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from edge_llm_env.rendering.frames.frame import Fate, PendingRequest, Strip
from edge_llm_env.task_dynamics.state import WAITING, TaskState


class Calls(NamedTuple):
    """What is known of the calls of a row beside its state."""

    kinds: Sequence[str]
    """Names of the kinds of tasks."""
    served_in: Mapping[int, int]
    """By call the epoch, from 0, in which it was served."""
    epoch_s: float


def strips_of(state: TaskState, calls: Calls, requests: Sequence[PendingRequest]) -> tuple[Strip, ...]:
    """The tasks of the visible calls, and of those between two calls, the one that ends first on top."""
    fates: dict[int, list[Fate]] = {}
    for one in requests:
        fates.setdefault(int(state.task_first[0, one.request]), []).append(one.fate)
    count = int(state.requests[0])
    begun = state.calls_served[0, :count] > 0
    waiting = state.task_first[0, :count][state.status[0, :count] == WAITING]
    between = {int(first) for first in np.unique(waiting) if begun[first]}
    strips = [strip_of(state, calls, first, fates.get(first, [])) for first in sorted({*fates, *between})]
    return earliest_first(strips)


def strip_of(state: Any, calls: Calls, first: int, fates: Sequence[Fate]) -> Strip:
    """The strip of the task that begins with a call, whose visible calls have those fates."""
    answered = sorted(calls.served_in[call] for call in calls_of(state, first) if call in calls.served_in)
    return Strip(
        task=task_of(state, first),
        kind=calls.kinds[int(state.task_kind[0, first])],
        calls=len(calls_of(state, first)),
        arrival_s=float(state.arrival_s[0, first]),
        deadline_s=float(state.arrival_s[0, first] + state.latency_requirement_s[0, first]),
        answered_s=tuple(((epoch + 1) * calls.epoch_s, (epoch + 2) * calls.epoch_s) for epoch in answered),
        tools_s=tools_of(state, first),
        fates=tuple(fates),
    )


def earliest_first(strips: Iterable[Strip]) -> tuple[Strip, ...]:
    """The one that ends first on top."""
    return tuple(sorted(strips, key=lambda one: one.deadline_s))


def calls_of(state: Any, first: int) -> range:
    """The calls of the task that begins with one."""
    return range(first, first + int(state.task_calls[0, first]))


def task_of(state: Any, first: int) -> int:
    """The number of the task that begins with a call."""
    return int(np.count_nonzero(state.task_first[0, : first + 1] == np.arange(first + 1))) - 1


def tools_of(state: Any, first: int) -> tuple[tuple[float, float], ...]:
    """When tools of a task begin and end, of those that have begun."""
    return tuple(
        (float(state.ready_s[0, call] - state.tool_s[0, call]), float(state.ready_s[0, call]))
        for call in calls_of(state, first)
        if np.isfinite(state.ready_s[0, call]) and state.tool_s[0, call] > 0.0
    )
