"""The state of rows whose requests are the calls of agent tasks.

The fields of `NodeState` and more, flat, so that kernels of either take it. What is of a task stands at its first call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import COUNTERS, RESERVED, NodeState
from edge_llm_env.scenarios.sections.reward_settings import ALL_TERMS

WAITING = RESERVED + 1
"""Value of `NodeState.status`: a call of a task that has arrived, before which another must be served or a tool end."""

TASK_COUNTERS = (
    "tasks_arrived",
    "tasks_completed",
    "tasks_failed",
    "tasks_running",
    "calls_waiting",
    "calls_wasted",
    "tokens_computed",
    "tokens_wasted",
    "cached_tokens_reused",
)
"""Columns of `counters` behind the others: `tasks_running` and `calls_waiting` as of now, the others from the start of
the episode. Wasted is what was served of tasks that failed. Tokens are those of prompts that were computed, without
what was cached, and of answers."""

N_TASKS_ARRIVED, N_COMPLETED, N_FAILED, N_RUNNING, N_WAITING, N_CALLS_WASTED, N_TOKENS, N_TOKENS_WASTED, N_REUSED = (
    range(-len(TASK_COUNTERS), 0)
)
"""From the end, as they are behind the counters of whoever serves the calls."""

OF_CALLS = {
    "task_first": np.int32,
    "task_calls": np.int32,
    "task_kind": np.int8,
    "predecessors": np.int32,
    "tool_s": np.float64,
    "context_tokens": np.int32,
    "kept_tokens": np.int32,
    "signals": np.float64,
    "ready_s": np.float64,
    "calls_served": np.int32,
    "cached_tokens": np.int32,
    "cache_in_host": np.bool_,
    "computed_tokens": np.int64,
}
"""Arrays with an entry per call of a row, and what they hold."""

if TYPE_CHECKING:

    class CallArrays:
        """OF_CALLS: arrays over rows (R), calls (N), predecessors (P) and numbers of a signal (D)."""

        task_first: NDArray[np.int32]
        """(R, N) the first call of its task."""
        task_calls: NDArray[np.int32]
        """(R, N) calls of its task."""
        task_kind: NDArray[np.int8]
        """(R, N)"""
        predecessors: NDArray[np.int32]
        """(R, N, P) places before it; 0 for none."""
        tool_s: NDArray[np.float64]
        """(R, N)"""
        context_tokens: NDArray[np.int32]
        """(R, N)"""
        kept_tokens: NDArray[np.int32]
        """(R, N) that later calls go on from."""
        signals: NDArray[np.float64]
        """(R, N, D)"""
        ready_s: NDArray[np.float64]
        """(R, N) when it becomes visible, infinite while that is open."""
        calls_served: NDArray[np.int32]
        """(R, N) of the task, at its first call; as the next three."""
        cached_tokens: NDArray[np.int32]
        """(R, N) of its context that are kept."""
        cache_in_host: NDArray[np.bool_]
        """(R, N) whether in the memory of a host, not on the node."""
        computed_tokens: NDArray[np.int64]
        """(R, N) prompts and answers."""

    class TaskState(NodeState, CallArrays):
        """Arrays of a node and of calls, and over visible slots (Q)."""

        slot_reused_tokens: NDArray[np.float64]
        """(R, Q) of a call's context that need not be computed again."""
        kept_bytes: NDArray[np.float64]
        """(R,) of all caches that are kept on the node."""
        swapped_bytes: NDArray[np.float64]
        """(R,) of all that are in the host's memory."""
        moving_s: NDArray[np.float64]
        """(R,) until all are there that leave the node, which the next batch waits for."""
        in_kept: NDArray[np.int64]
        """(R,)"""
        kept: NDArray[np.int32]
        """(R, Q) first calls of tasks whose caches an action can drop or swap, the oldest first; the first `in_kept`
        are used. (R, 0) where none can."""

else:
    _OF_ROWS = ("slot_reused_tokens", "kept_bytes", "swapped_bytes", "moving_s", "in_kept", "kept")
    TaskState = NamedTuple(
        "TaskState",
        [(name, object) for name in (*NodeState._fields, *OF_CALLS, *_OF_ROWS)],
    )


def with_tasks(node: NodeState, predecessors: int, signals: int, kept_slots: int) -> TaskState:
    """A state of zeros with room for the calls that a state of the node has room for."""
    rows, calls = node.arrival_s.shape
    more = {"predecessors": (predecessors,), "signals": (signals,)}
    arrays = {name: np.zeros((rows, calls, *more.get(name, ())), dtype=dtype) for name, dtype in OF_CALLS.items()}
    whole = node._replace(
        counters=np.zeros((rows, len(COUNTERS) + len(TASK_COUNTERS)), dtype=np.int64),
        reward_terms=np.zeros((rows, len(ALL_TERMS))),
        slot_own_compute_s=np.zeros(node.slot_slack_s.shape),
    )
    of_rows = (np.zeros(rows), np.zeros(rows), np.zeros(rows), np.zeros(rows, dtype=np.int64))
    kept = np.zeros((rows, kept_slots), dtype=np.int32)
    return TaskState._make((*whole, *arrays.values(), np.zeros(node.slot_slack_s.shape), *of_rows, kept))
