"""The state of rows whose engine schedules iterations: the arrays that kernels read and write.

A row is one environment. Every array has the row as its first axis; a single environment is one row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.scenarios.sections.reward_settings import REWARD_TERMS

UPLOADING, WAITING, RUNNING, COMPLETED, DROPPED, REJECTED = range(6)
"""Values of `EngineState.status`; a request that has not arrived is uploading, too."""

COUNTERS = (
    "arrived",
    "served",
    "expired",
    "rejected",
    "pending",
    "beyond_visible",
    "epochs",
    "invalid_actions",
    "uploading",
    "waiting",
    "running",
    "admitted",
    "completed",
    "missed_ttft",
    "missed_tpot",
    "dropped",
    "preempted",
    "recomputed_tokens",
    "iterations",
    "tokens",
    "swapped",
)
"""Columns of `EngineState.counters`, as `info` names them.

Served are those completed within both objectives, expired those dropped or completed outside of one. Pending is who
uploads, waits or runs. All count from the start of the episode, but pending, beyond_visible, uploading, waiting and
running are as of now. Swapped are preemptions whose cache went to host memory, and caches of tasks that did.
"""

N_ARRIVED, N_SERVED, N_EXPIRED, N_REJECTED, N_PENDING, N_BEYOND, N_EPOCHS, N_INVALID = range(8)
N_UPLOADING, N_WAITING, N_RUNNING, N_ADMITTED, N_COMPLETED, N_MISSED_TTFT, N_MISSED_TPOT = range(8, 15)
N_DROPPED, N_PREEMPTED, N_RECOMPUTED, N_ITERATIONS, N_TOKENS, N_SWAPPED = range(15, 21)


class EngineState(NamedTuple):
    """Arrays over rows (R), requests (N), waiting slots (Q) and running slots (B)."""

    requests: NDArray[np.int64]
    """(R,) requests of each row's workload; entries past it are unused."""
    arrival_s: NDArray[np.float64]
    """(R, N) when the user pressed enter."""
    visible_s: NDArray[np.float64]
    """(R, N) when the prompt is there; infinite over a channel without a rate."""
    first_due_s: NDArray[np.float64]
    """(R, N) when the first token must be computed, its download left out."""
    tpot_s: NDArray[np.float64]
    """(R, N) most per further token."""
    prompt_tokens: NDArray[np.int32]
    """(R, N)"""
    output_tokens: NDArray[np.int32]
    """(R, N)"""
    told_tokens: NDArray[np.int32]
    """(R, N) output tokens that the agent is told: the length, a predicted class of it, or 0."""
    service_class: NDArray[np.int8]
    """(R, N)"""
    order: NDArray[np.int32]
    """(R, N) requests as they become visible."""
    status: NDArray[np.int8]
    """(R, N)"""
    target: NDArray[np.int32]
    """(R, N) tokens to prefill before the next decode: prompt, and after a preemption what it had generated."""
    cached: NDArray[np.int32]
    """(R, N) tokens whose keys and values are computed."""
    generated: NDArray[np.int32]
    """(R, N) output tokens so far."""
    first_s: NDArray[np.float64]
    """(R, N) when the first token was computed; infinite before."""
    last_s: NDArray[np.float64]
    """(R, N) when the last of all was computed; infinite before."""
    preempted_s: NDArray[np.float64]
    """(R, N) when it was preempted last; -1 before."""
    in_host: NDArray[np.bool_]
    """(R, N) whether what a waiting request has cached is in host memory."""

    now_s: NDArray[np.float64]
    """(R,)"""
    next_arrival: NDArray[np.int64]
    """(R,) first request that has not arrived."""
    next_visible: NDArray[np.int64]
    """(R,) first entry of `order` that is not visible yet."""
    next_beyond: NDArray[np.int64]
    """(R,) first entry of `order` that has not had a waiting slot."""
    free_blocks: NDArray[np.int64]
    """(R,)"""
    host_free: NDArray[np.int64]
    """(R,) blocks of host memory that nobody holds."""
    transfer_s: NDArray[np.float64]
    """(R,) time of moves between cache and host that the next iteration waits for."""
    running: NDArray[np.int32]
    """(R, B) requests, the longest admitted first; the first `counters[N_RUNNING]` are used."""
    waiting: NDArray[np.int32]
    """(R, Q + B) requests, the preempted first, then as they became visible; of `in_slots` of them the first Q can be
    chosen."""
    in_slots: NDArray[np.int64]
    """(R,)"""
    last_tokens: NDArray[np.float64]
    """(R,) tokens computed in the last iteration."""
    last_iteration_s: NDArray[np.float64]
    """(R,) time of the last iteration."""
    last_budget: NDArray[np.int64]
    """(R,) prefill budget of the last iteration."""
    counters: NDArray[np.int64]
    """(R, COUNTERS)"""
    energy_j: NDArray[np.float64]
    """(R,) since the start of the episode."""
    utilisation: NDArray[np.float64]
    """(R, RESOURCES) of the last stretch of time: shares of the bands that uploads and streams had at its end, of the
    blocks in use, and of the time that was computed."""
    utilisation_sum: NDArray[np.float64]
    """(R, RESOURCES) the same times the seconds that they held, since the start of the episode."""
    reward_terms: NDArray[np.float64]
    """(R, terms) of the last step, times their weights."""
    action_mask: NDArray[np.bool_]
    """(R, actions)"""


PER_REQUEST = EngineState._fields[1:18]
"""Arrays over requests."""


def allocate(rows: int, requests: int, waiting: int, running: int, actions: int) -> EngineState:
    """Empty rows with room for so many requests."""
    dtypes = {
        "prompt_tokens": np.int32,
        "output_tokens": np.int32,
        "told_tokens": np.int32,
        "service_class": np.int8,
        "order": np.int32,
        "status": np.int8,
        "target": np.int32,
        "cached": np.int32,
        "generated": np.int32,
        "in_host": np.bool_,
    }
    arrays: dict[str, NDArray] = {
        name: np.zeros((rows, requests), dtype=dtypes.get(name, np.float64)) for name in PER_REQUEST
    }
    whole = (
        "requests",
        "next_arrival",
        "next_visible",
        "next_beyond",
        "free_blocks",
        "in_slots",
        "last_budget",
        "host_free",
    )
    arrays |= {name: np.zeros(rows, dtype=np.int64) for name in whole}
    measured = ("now_s", "last_tokens", "last_iteration_s", "energy_j", "transfer_s")
    arrays |= {name: np.zeros(rows) for name in measured}
    return EngineState(
        **arrays,
        running=np.zeros((rows, running), dtype=np.int32),
        waiting=np.zeros((rows, waiting + running), dtype=np.int32),
        counters=np.zeros((rows, len(COUNTERS)), dtype=np.int64),
        utilisation=np.zeros((rows, len(RESOURCES))),
        utilisation_sum=np.zeros((rows, len(RESOURCES))),
        reward_terms=np.zeros((rows, len(REWARD_TERMS))),
        action_mask=np.zeros((rows, actions), dtype=np.bool_),
    )
