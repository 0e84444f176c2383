"""`NetworkSimulation`: one episode of a network, a `Simulation` of one row for each node."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import EXPIRED, N_ARRIVED, N_EPOCHS, N_SERVED, PENDING, REJECTED
from edge_llm_env.nodes.network import Network
from edge_llm_env.nodes.workload import NetworkWorkload

COUNTERS = ("arrived", "served", "expired", "rejected", "pending", "epochs")
"""What a network counts; a request is rejected if every node refused it, expired when none can serve it any more."""


class NetworkSimulation:
    """The nodes of a network, which all meet the requests of all cells; each has its own slots and its own batch."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.nodes = [Simulation(cell, rows=1) for cell in network.cells]
        self.slots = network.cells[0].epoch.visible_slots
        self.cell = np.zeros(0, dtype=np.int64)
        """(requests,) the cell that each request of the workload is sent in."""

    def load(self, workload: NetworkWorkload) -> None:
        """Put a workload on every node, as a copy.

        Raises ValueError for requests that are not valid, or of cells that the network does not have.
        """
        if workload.cell.shape != (workload.requests.validate().requests,):
            raise ValueError(f"workload cell has shape {workload.cell.shape}: must be ({workload.requests.requests},)")
        if workload.cell.max(initial=0) >= len(self.nodes):
            raise ValueError(f"workload cell = {workload.cell.max()}: must be less than {len(self.nodes)}, the cells")
        self.cell = workload.cell.copy()
        for at, node in enumerate(self.nodes):
            node.load(0, workload.at_node(at, self.network.backhaul_s))

    def statuses(self) -> NDArray[np.int8]:
        """What each request is to each node, of shape (nodes, requests)."""
        return np.array([node.state.status[0, : node.state.requests[0]] for node in self.nodes])

    def expired(self) -> NDArray[np.bool_]:
        """Which requests no node can serve any more, (requests,): expired at one at least, gone at all others."""
        statuses = self.statuses()
        gone = (statuses == EXPIRED) | (statuses == REJECTED)
        lost: NDArray[np.bool_] = gone.all(axis=0) & (statuses == EXPIRED).any(axis=0)
        return lost

    def served_by_node(self) -> list[int]:
        """How many requests each node has served since the episode began."""
        return [int(node.state.counters[0, N_SERVED]) for node in self.nodes]

    def counters(self) -> dict[str, int]:
        """Counters by name (COUNTERS), of the network's requests since the episode began."""
        statuses, first = self.statuses(), self.nodes[0].state.counters[0]
        counted = (
            int(first[N_ARRIVED]),
            sum(self.served_by_node()),
            int(self.expired().sum()),
            int((statuses == REJECTED).all(axis=0).sum()),
            int((statuses == PENDING).any(axis=0).sum()),
            int(first[N_EPOCHS]),
        )
        return dict(zip(COUNTERS, counted, strict=True))
