"""Agent tasks that an engine serves, as strips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edge_llm_env.engine.call_state import TaskEngineState
from edge_llm_env.engine.state import COMPLETED, RUNNING, WAITING
from edge_llm_env.rendering.frames.frame import Fate, Strip
from edge_llm_env.rendering.frames.strips import calls_of, earliest_first, task_of, tools_of


def strips_of(state: TaskEngineState, kinds: Sequence[str], began_s: Mapping[int, float]) -> tuple[Strip, ...]:
    """The tasks that have arrived and not ended; `began_s` is when calls joined the batch."""
    arrived = np.arange(int(state.next_arrival[0]))
    open_ = arrived[(state.task_first[0, arrived] == arrived) & ~state.task_over[0, arrived]]
    return earliest_first(strip_of(state, kinds, began_s, first) for first in open_.tolist())


def strip_of(state: Any, kinds: Sequence[str], began_s: Mapping[int, float], first: int) -> Strip:
    """The strip of the task that begins with a call."""
    mine = calls_of(state, first)
    answered = [call for call in mine if state.status[0, call] == COMPLETED]
    late = state.now_s[0] > state.first_due_s[0, first]
    waiting = sum(int(state.status[0, call] == WAITING) for call in mine)
    return Strip(
        task=task_of(state, first),
        kind=kinds[int(state.task_kind[0, first])],
        calls=len(mine),
        arrival_s=float(state.arrival_s[0, first]),
        deadline_s=float(state.first_due_s[0, first] + state.download_s[0, first]),
        answered_s=tuple(sorted((began_s[call], float(state.last_s[0, call])) for call in answered)),
        tools_s=tools_of(state, first),
        fates=(Fate.EXPIRES if late else Fate.WAITS,) * waiting,
        running_s=tuple(began_s[call] for call in mine if state.status[0, call] == RUNNING),
    )
