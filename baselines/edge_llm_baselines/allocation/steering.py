"""Values, and entries of actions, with which groups of modules serve the requests that they are meant to."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import NOBODY
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.dynamics.values.batch import alone_s
from edge_llm_env.support.compilation.compiling import compiled_allocating


@compiled_allocating
def steering_entries(
    params: NodeParams, state: NodeState, row: int, wanted: NDArray[np.int64], groups: int
) -> NDArray[np.float64]:
    """Entries in -1..1, (visible,), with which each group serves at least those that it is `wanted` for, if it can.

    Values per time fall from group to group, the cascade's first first and nobody's last, so much that a request is
    worth more than all those of later ones together.
    """
    shortest_s, longest_s, total_s = math.inf, 0.0, 0.0
    for slot in range(len(wanted)):
        time_s = alone_s(params, state, row, slot)
        if not math.isinf(time_s):
            shortest_s, longest_s, total_s = min(shortest_s, time_s), max(longest_s, time_s), total_s + time_s
    entries = np.full(len(wanted), -1.0)
    for slot in range(len(wanted)):
        time_s = alone_s(params, state, row, slot)
        if not math.isinf(time_s):
            rank = groups if wanted[slot] == NOBODY else wanted[slot]
            entries[slot] = 2.0 * (time_s / longest_s) * (shortest_s / (2.0 * total_s)) ** rank - 1.0
    return entries


@compiled_allocating
def steering_values(wanted: NDArray[np.int64], groups: int) -> NDArray[np.float64]:
    """Values with which the cascade serves at least the requests whose `wanted` group is not NOBODY, if it can.

    Each is worth more than all those of later groups together, so a group that can compute all the requests that are to
    be its own does: a batch without one of them is worth less. It may take others besides; what remains of the later
    groups' batches is still feasible.
    """
    values = np.zeros(len(wanted))
    for i in range(len(wanted)):
        rank = groups if wanted[i] == NOBODY else wanted[i]
        values[i] = (len(wanted) + 1.0) ** -rank
    return values
