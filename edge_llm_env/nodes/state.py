"""The state of a network's rows: its nodes, which are rows of the dynamics of one node, and what is of the whole."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import COUNTERS, RESOURCES, NodeState
from edge_llm_env.nodes.params import NetworkParams
from edge_llm_env.scenarios.sections.reward_settings import REWARD_TERMS


class NetworkState(NamedTuple):
    """Arrays over rows (R) with S servers, N cells, C requests, K classes and H epochs of history each."""

    nodes: NodeState
    """Of R·S rows: server s of row r is row r·S + s. Every server has all requests of the row, and slots of its own."""
    cell: NDArray[np.int8]
    """(R, C) the cell that each request is sent in."""
    status: NDArray[np.int8]
    """(R, C) of each request in the network, as in `NodeState`: expired when no server can serve it any more, rejected
    when all have refused it."""
    served_by: NDArray[np.int8]
    """(R, C) the server that has served each request, or NOBODY."""
    oldest: NDArray[np.int64]
    """(R,) every request before this one is served, expired or rejected."""
    arrivals: NDArray[np.float64]
    """(R, H, N, K) arrivals of each cell and class in the epochs before this one, the last first."""
    recent_arrivals: NDArray[np.float64]
    """(R, N, K) the same of all epochs, those of one counting half as much as of the next."""
    hot: NDArray[np.bool_]
    """(R, N, K) whether each cell and class is (`is_hot`)."""
    hot_since_s: NDArray[np.float64]
    """(R, N, K) how long before now each cell and class last became hot (s), infinite if it never did."""
    counters: NDArray[np.int64]
    """(R, 12) per entry of COUNTERS, of the network's requests."""
    energy_j: NDArray[np.float64]
    """(R,) spent by the nodes in this episode (J)."""
    utilisation: NDArray[np.float64]
    """(R, 4) in the mean over the nodes of cells, per entry of RESOURCES."""
    utilisation_sum: NDArray[np.float64]
    """(R, 4) summed over the epochs of this episode."""
    reward_terms: NDArray[np.float64]
    """(R, terms) of the last step, weighted, per entry of REWARD_TERMS."""
    action_mask: NDArray[np.bool_]
    """(R, S·Q + 1) slots of each server whose request it could serve alone; the last entry is always true."""


PER_REQUEST = ("cell", "status", "served_by")
"""Arrays with an entry per request of a row, beside those of the nodes."""


def allocate_network(rows: int, requests: int, params: NetworkParams, nodes: NodeState) -> NetworkState:
    """A state of zeros, with room for that many requests."""

    def of(dtype: type, *shape: int) -> NDArray:
        return np.zeros((rows, *shape), dtype=dtype)

    cells, classes = params.cells, params.classes
    return NetworkState(
        nodes=nodes,
        cell=of(np.int8, requests),
        status=of(np.int8, requests),
        served_by=of(np.int8, requests),
        oldest=of(np.int64),
        arrivals=of(float, params.history, cells, classes),
        recent_arrivals=of(float, cells, classes),
        hot=of(np.bool_, cells, classes),
        hot_since_s=of(float, cells, classes),
        counters=of(np.int64, len(COUNTERS)),
        energy_j=of(float),
        utilisation=of(float, len(RESOURCES)),
        utilisation_sum=of(float, len(RESOURCES)),
        reward_terms=of(float, len(REWARD_TERMS)),
        action_mask=of(np.bool_, params.servers * params.slots + 1),
    )
