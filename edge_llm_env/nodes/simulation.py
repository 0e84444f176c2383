"""`NetworkSimulation`: rows of a network, each as many rows of one node's dynamics as it has servers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import COUNTERS
from edge_llm_env.nodes.params import NetworkParams, network_params, node_at
from edge_llm_env.nodes.state import PER_REQUEST, NetworkState, allocate_network
from edge_llm_env.nodes.workload import at_server, cells_of
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.generator import Drawn
from edge_llm_env.workload.workload import Workload


class NetworkSimulation:
    """State of `rows` networks of one scenario; kernels step `params` and `state`, this class loads them."""

    counter_names = COUNTERS

    def __init__(self, scenario: Scenario, rows: int) -> None:
        self.scenario = scenario
        self.params: NetworkParams = network_params(scenario)
        self.slots = self.params.slots
        self.rows_of_nodes = Simulation(
            scenario.cells[0], rows * self.params.servers, hosts_variants=self.params.places
        )
        expected = scenario.expected_requests
        self.rows_of_nodes.make_room(int(expected + 6 * np.sqrt(expected)) + 1, 1, 1)
        self._state = allocate_network(
            rows, self.rows_of_nodes.state.status.shape[1], self.params, self.rows_of_nodes.state
        )

    @property
    def state(self) -> NetworkState:
        """The arrays of all rows; replacing them replaces those of every node too."""
        return self._state

    @state.setter
    def state(self, state: NetworkState) -> None:
        self._state, self.rows_of_nodes.state = state, state.nodes

    @property
    def servers(self) -> int:
        """S: the nodes of the cells in their order, and the cloud if there is one."""
        return self.params.servers

    @property
    def per_request(self) -> tuple[str, ...]:
        """Arrays of the state that have an entry per request of a row, those of the nodes as `nodes.name`."""
        return (*PER_REQUEST, *(f"nodes.{name}" for name in self.rows_of_nodes.per_request))

    def node_params(self, server: int) -> NodeParams:
        """The constants of a server."""
        return node_at(self.params.nodes, server)

    def row_of(self, server: int, row: int = 0) -> int:
        """The row of `state.nodes` that is a server of a row."""
        return row * self.params.servers + server

    def shown(self, server: int, row: int = 0) -> NDArray[np.int64]:
        """The requests in the slots of a server of a row, ascending."""
        nodes, at = self._state.nodes, self.row_of(server, row)
        return nodes.slot_request[at, : nodes.visible[at]]

    def load(self, row: int, workload: Workload) -> None:
        """Put a workload on a row, as a copy; its episode begins with `begin_network`.

        Raises ValueError for requests of cells that the network does not have.
        """
        self.load_rows(np.array([row]), Drawn([workload.requests], workload))

    def load_rows(self, rows: NDArray[np.intp], drawn: Drawn) -> None:
        """Put a workload on each of those rows, as `load` does."""
        cell = cells_of(drawn.joined)
        for name, given in (("cell", cell), ("neighbour", drawn.joined.neighbour)):
            if given is not None and given.max(initial=0) >= self.params.cells:
                raise ValueError(f"workload {name} = {given.max()}: must be less than {self.params.cells}, the cells")
        for server in range(self.params.servers):
            there = Drawn(drawn.requests, at_server(self.scenario, server, drawn.joined))
            self.rows_of_nodes.load_rows(rows * self.params.servers + server, there)
        self._follow()
        first = 0
        for row, count in zip(rows.tolist(), drawn.requests, strict=True):
            self._state.cell[row, :count] = cell[first : first + count]
            first += count

    def has_room_for(self, drawn: Drawn) -> bool:
        """Whether `load_rows` would leave the arrays of the other rows where they are."""
        return self.rows_of_nodes.has_room_for(drawn)

    def _follow(self) -> None:
        """Take over the nodes' arrays, which may have grown, and grow with them."""
        state: Any = self._state._replace(nodes=self.rows_of_nodes.state)
        capacity = self.rows_of_nodes.state.status.shape[1]
        for name in PER_REQUEST:
            old = getattr(state, name)
            if old.shape[1] < capacity:
                grown = np.zeros((len(old), capacity), dtype=old.dtype)
                grown[:, : old.shape[1]] = old
                state = state._replace(**{name: grown})
        self._state = state

    def counters(self, row: int) -> dict[str, int]:
        """Counters of a row by name (COUNTERS)."""
        return dict(zip(COUNTERS, self._state.counters[row].tolist(), strict=True))

    def utilisation_mean(self) -> NDArray[np.float64]:
        """Mean utilisation over the epochs so far, shape (rows, RESOURCES); 0 before the first."""
        epochs = self._state.counters[:, COUNTERS.index("epochs")]
        return self._state.utilisation_sum / np.maximum(epochs, 1)[:, None]
