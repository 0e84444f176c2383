"""The state of an engine's rows whose requests are the calls of agent tasks.

The fields of `EngineState` and more, flat, so that kernels of either take it. What is of a task stands at its first
call. A call's prompt has its context in it, and what the node has kept of that counts as cached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.engine.state import COUNTERS, EngineState
from edge_llm_env.scenarios.sections.reward_settings import ALL_TERMS
from edge_llm_env.task_dynamics.state import OF_CALLS, TASK_COUNTERS

if TYPE_CHECKING:
    from edge_llm_env.task_dynamics.state import CallArrays

OF_ENGINE_CALLS = OF_CALLS | {
    "upload_s": np.float64,
    "download_s": np.float64,
    "reused_tokens": np.int32,
    "task_over": np.bool_,
}
"""Arrays with an entry per call of a row beside those of requests, and what they hold."""

OF_ROWS = ("known", "oldest", "kept_blocks", "in_kept")
"""Whole numbers of a row."""

if TYPE_CHECKING:

    class TaskEngineState(EngineState, CallArrays):
        """Arrays of an engine and of calls, and what follows, over rows (R) and calls (N).

        `ready_s` is when a tool has ended. `order` has those calls whose time of becoming visible is known; it is
        infinite for the others.
        """

        upload_s: NDArray[np.float64]
        """(R, N) of a call's new tokens."""
        download_s: NDArray[np.float64]
        """(R, N) of a token."""
        reused_tokens: NDArray[np.int32]
        """(R, N) of a call's context, that it has from its task's cache: the whole blocks of these are shared."""
        task_over: NDArray[np.bool_]
        """(R, N) whether the task is completed or has failed, at its first call."""
        known: NDArray[np.int64]
        """(R,) entries of `order`."""
        oldest: NDArray[np.int64]
        """(R,) first call whose task is not over."""
        kept_blocks: NDArray[np.int64]
        """(R,) of all caches that are kept on the node."""
        in_kept: NDArray[np.int64]
        """(R,)"""
        kept: NDArray[np.int32]
        """(R, B) first calls of tasks whose caches can be dropped, the oldest first; the first `in_kept` are used."""

else:
    TaskEngineState = NamedTuple(
        "TaskEngineState",
        [(name, object) for name in (*EngineState._fields, *OF_ENGINE_CALLS, *OF_ROWS, "kept")],
    )


def with_calls(engine: EngineState, predecessors: int, signals: int) -> TaskEngineState:
    """A state of zeros with room for the calls that a state of an engine has room for."""
    rows, calls = engine.status.shape
    more = {"predecessors": (predecessors,), "signals": (signals,)}
    arrays = {name: np.zeros((rows, calls, *more.get(name, ())), dtype=of) for name, of in OF_ENGINE_CALLS.items()}
    whole = engine._replace(
        counters=np.zeros((rows, len(COUNTERS) + len(TASK_COUNTERS)), dtype=np.int64),
        reward_terms=np.zeros((rows, len(ALL_TERMS))),
        action_mask=np.zeros((rows, engine.action_mask.shape[1] + engine.running.shape[1]), dtype=np.bool_),
    )
    of_rows = [np.zeros(rows, dtype=np.int64) for _ in OF_ROWS]
    return TaskEngineState._make((*whole, *arrays.values(), *of_rows, np.zeros_like(engine.running)))
