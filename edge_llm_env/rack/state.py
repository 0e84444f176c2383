"""The state of rows whose modules are a rack: the arrays that kernels read and write.

A row is one environment. Every array has the row as its first axis; a single environment is one row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.rack.params import RackParams
from edge_llm_env.scenarios.sections.reward_settings import REWARD_TERMS

NOT_ARRIVED, PENDING, SERVED, EXPIRED, REJECTED = range(5)
"""Values of `RackState.status`."""

COUNTERS = (
    "arrived",
    "served",
    "expired",
    "rejected",
    "pending",
    "beyond_visible",
    "epochs",
    "invalid_actions",
    "modules_on",
    "modules_ready",
    "module_epochs",
    "module_starts",
    "modules_per_group",
)
"""Columns of `RackState.counters`, as `info` names them.

All count from the start of the episode, but `pending`, `modules_on`, `modules_ready` and `modules_per_group` (0 where
all work as one) are as of now; every pending request is seen, and no action is invalid. `module_epochs` sums the
modules that were on over epochs.
"""

N_ARRIVED, N_SERVED, N_EXPIRED, N_REJECTED, N_PENDING, N_BEYOND, N_EPOCHS, N_INVALID = range(8)
N_ON, N_READY, N_MODULE_EPOCHS, N_STARTS, N_GROUP = range(8, 13)

USED_UPLINK, USED_DOWNLINK, USED_MEMORY, USED_COMPUTE = range(len(RESOURCES))
"""Columns of `RackState.utilisation`."""


class RackState(NamedTuple):
    """Arrays over rows (R), requests (N), modules (M), epochs (T) and feeders (F)."""

    requests: NDArray[np.int64]
    """(R,) requests of each row's workload; entries past it are unused."""
    arrival_s: NDArray[np.float64]
    """(R, N)"""
    due_s: NDArray[np.float64]
    """(R, N) by when it must be answered."""
    output_tokens: NDArray[np.int32]
    """(R, N)"""
    served_at_all: NDArray[np.bool_]
    """(R, N) whether the model is accurate enough for it, and it is not longer than the scenario's longest."""
    status: NDArray[np.int8]
    """(R, N)"""
    oldest: NDArray[np.int64]
    """(R,) every request before this one is served, expired or rejected."""
    feeder_counts: NDArray[np.int32]
    """(R, T + 1, F) counts at feeder cells in each epoch."""
    arrived_in: NDArray[np.int32]
    """(R, T + 1) requests that have arrived in each epoch so far."""
    module_on: NDArray[np.int64]
    """(R, M) 0 where a module is on, else `edge_llm_env.residency.residents.IDLE`."""
    module_ready_s: NDArray[np.float64]
    """(R, M) how long from now it still starts (s), 0 if it has or is off."""
    counters: NDArray[np.int64]
    """(R, COUNTERS)"""
    energy_j: NDArray[np.float64]
    """(R,) since the start of the episode."""
    utilisation: NDArray[np.float64]
    """(R, RESOURCES) of the last epoch: parts of all modules' memory and time; bands are not used."""
    utilisation_sum: NDArray[np.float64]
    """(R, RESOURCES) since the start of the episode."""
    reward_terms: NDArray[np.float64]
    """(R, terms) of the last step, times their weights."""
    action_mask: NDArray[np.bool_]
    """(R, 0) no action is masked."""


PER_REQUEST = ("arrival_s", "due_s", "output_tokens", "served_at_all", "status")
"""Arrays over requests."""


def allocate(rows: int, requests: int, params: RackParams) -> RackState:
    """Empty rows with room for so many requests."""
    epochs = params.episode_epochs + 1
    return RackState(
        requests=np.zeros(rows, dtype=np.int64),
        arrival_s=np.zeros((rows, requests)),
        due_s=np.zeros((rows, requests)),
        output_tokens=np.zeros((rows, requests), dtype=np.int32),
        served_at_all=np.zeros((rows, requests), dtype=np.bool_),
        status=np.zeros((rows, requests), dtype=np.int8),
        oldest=np.zeros(rows, dtype=np.int64),
        feeder_counts=np.zeros((rows, epochs, params.feeders), dtype=np.int32),
        arrived_in=np.zeros((rows, epochs), dtype=np.int32),
        module_on=np.zeros((rows, params.modules), dtype=np.int64),
        module_ready_s=np.zeros((rows, params.modules)),
        counters=np.zeros((rows, len(COUNTERS)), dtype=np.int64),
        energy_j=np.zeros(rows),
        utilisation=np.zeros((rows, len(RESOURCES))),
        utilisation_sum=np.zeros((rows, len(RESOURCES))),
        reward_terms=np.zeros((rows, len(REWARD_TERMS))),
        action_mask=np.zeros((rows, 0), dtype=np.bool_),
    )
