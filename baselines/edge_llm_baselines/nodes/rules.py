"""Rules of who serves whom: each says which server is asked for each request, and that server then serves all it can.

A rule takes a `NetworkEpoch` and returns int64 of shape (n,): the server asked for each request, or NOBODY. Where one
is asked for more than it can serve, its batch is the largest that it can, which the environment's decoding finds. But
for the last three, rules are of nodes and leave the cloud alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.branch_and_price import BranchAndPrice
from edge_llm_baselines.assignment.problem import NOBODY
from edge_llm_baselines.nodes.epoch import NetworkEpoch
from edge_llm_env.solver.candidates import batch_is_feasible

PARTS = 60
"""Parts of the search after which the joint optimum of an epoch is the best assignment found."""


def nearest_node(epoch: NetworkEpoch) -> NDArray[np.int64]:
    """The node of the request's own cell: no cooperation."""
    return epoch.cell.copy()


def strongest_channel(epoch: NetworkEpoch) -> NDArray[np.int64]:
    """The node on whose bands it needs the least share, of equal ones its own: association by the strongest signal
    (J. Andrews et al., "An overview of load balancing in HetNets", IEEE Wireless Communications 21(2), 2014).
    """
    band, requests = epoch.band[: epoch.cells], np.arange(len(epoch.cell))
    best = np.where(band[epoch.cell, requests] <= band.min(axis=0), epoch.cell, band.argmin(axis=0))
    asked: NDArray[np.int64] = np.where(epoch.able[: epoch.cells].any(axis=0), best, NOBODY)
    return asked


def least_loaded(epoch: NetworkEpoch) -> NDArray[np.int64]:
    """In order of arrival, the node on which it adds up to the least load: join the shortest queue (W. Winston, Journal
    of Applied Probability 14, 1977), of equal ones its own.
    """
    load, node_of = np.zeros(epoch.cells), np.full(len(epoch.cell), NOBODY, dtype=np.int64)
    for request, cell in enumerate(epoch.cell.tolist()):
        if epoch.able[: epoch.cells, request].any():
            after = load + epoch.load[: epoch.cells, request]
            best = cell if after[cell] <= after.min() else int(after.argmin())
            node_of[request], load[best] = best, after[best]
    return node_of


def most_slack_first(epoch: NetworkEpoch) -> NDArray[np.int64]:
    """Greedy by slack: who has most of it comes first, and goes to the least loaded node that can still serve it beside
    those whom it serves already. A batch ends at once for all in it, so that whoever has little slack holds up all:
    beginning with the least slack serves far fewer.
    """
    nodes = epoch.problem.nodes[: epoch.cells]
    load, node_of = np.zeros(len(nodes)), np.full(len(epoch.cell), NOBODY, dtype=np.int64)
    for request in np.argsort(-epoch.slack_s[: epoch.cells].max(axis=0), kind="stable").tolist():
        after = load + epoch.load[: epoch.cells, request]
        for at in np.lexsort((np.arange(len(nodes)) != epoch.cell[request], after)).tolist():
            if not epoch.able[at, request]:
                break
            node_of[request] = at
            if batch_is_feasible(nodes[at].rule, nodes[at].candidates, node_of == at):
                load[at] = after[at]
                break
            node_of[request] = NOBODY
    return node_of


def offload_at_overload(epoch: NetworkEpoch, threshold: float) -> NDArray[np.int64]:
    """Its own node, as long as the load of its cell's requests stays within `threshold` (1 is a full node); from there
    on the least loaded other node that stays within it, or else the cloud, or its own where there is none.

    A sender-initiated threshold (D. Eager, E. Lazowska and J. Zahorjan, "Adaptive load sharing in homogeneous
    distributed systems", IEEE Transactions on Software Engineering 12(5), 1986). Requests of the least load are kept
    first, which are the most that fit.
    """
    load, node_of = np.zeros(epoch.cells), np.full(len(epoch.cell), NOBODY, dtype=np.int64)
    requests = np.arange(len(epoch.cell))
    own = epoch.load[epoch.cell, requests]
    left = []
    for request in np.argsort(own, kind="stable").tolist():
        cell = int(epoch.cell[request])
        if epoch.able[cell, request] and load[cell] + own[request] <= threshold:
            node_of[request] = cell
            load[cell] += own[request]
        else:
            left.append(request)
    for request in left:
        after = load + epoch.load[: epoch.cells, request]
        best = int(after.argmin())
        if after[best] <= threshold:
            node_of[request], load[best] = best, after[best]
        elif epoch.able[epoch.cells :, request].any():
            node_of[request] = epoch.cells
        elif epoch.able[epoch.cell[request], request]:
            node_of[request] = epoch.cell[request]
    return node_of


def cloud_only(epoch: NetworkEpoch) -> NDArray[np.int64]:
    """The cloud, for all whom serving there is worth its price."""
    return np.where(epoch.able[epoch.cells :].any(axis=0), epoch.cells, NOBODY)


def joint_optimum(epoch: NetworkEpoch) -> NDArray[np.int64]:
    """The assignment worth most in this epoch's rewards (`BranchAndPrice`, the best found within `PARTS` parts)."""
    return BranchAndPrice(node_limit=PARTS).solve(epoch.problem).node_of
