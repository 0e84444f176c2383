"""The requests of a network's episode: a workload for each cell, and all of them as each node meets them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.nodes.network import Network
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.workload.generator import draw_workload
from edge_llm_env.workload.workload import Workload


@dataclass(frozen=True, eq=False)
class NetworkWorkload:
    """All requests of an episode, in order of arrival; of those that arrive at once, the first cell's first."""

    requests: Workload
    """Of all cells; channels are those to the base station of the request's own cell."""
    cell: NDArray[np.int64]
    """(C,) the cell that each request is sent in."""

    @classmethod
    @checked
    def of_cells(cls, workloads: list[Workload]) -> NetworkWorkload:
        """The workloads of cells, in their order, as one; a single one is itself."""
        cell = np.repeat(np.arange(len(workloads)), [workload.requests for workload in workloads])
        if len(workloads) == 1:
            return cls(workloads[0], cell)
        order = np.argsort(np.concatenate([workload.arrival_s for workload in workloads]), kind="stable")
        joined = {
            field.name: np.concatenate([getattr(workload, field.name) for workload in workloads])[order]
            for field in fields(Workload)
            if not field.name.startswith("believed_")
        }
        return cls(Workload(**joined), cell[order])

    def at_node(self, node: int, backhaul_s: float) -> Workload:
        """The requests as a node meets them: those of other cells have less time, by the backhaul there and back."""
        away_s = np.where(self.cell == node, 0.0, 2.0 * backhaul_s)
        return replace(self.requests, latency_requirement_s=self.requests.latency_requirement_s - away_s)


@checked
def draw_network_workload(network: Network, rng: np.random.Generator) -> NetworkWorkload:
    """One episode's workload, cell after cell from one generator: of one cell, that of `draw_workload`."""
    return NetworkWorkload.of_cells([draw_workload(cell, rng) for cell in network.cells])
