"""What follows the only row of a network, and shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import N_SERVED, PENDING, RESOURCES
from edge_llm_env.envs.multi_node.viewer.frame import Flow, Module, NetworkFrame, Site
from edge_llm_env.envs.multi_node.viewer.text import as_text
from edge_llm_env.nodes.decoding import NOBODY
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.rendering.showing import Showing
from edge_llm_env.workload.workload import Workload

if TYPE_CHECKING:
    from edge_llm_env.envs.multi_node.viewer.picture import NetworkPicture

SHOWN = ("arrived", "served", "expired", "rejected", "pending", "beyond_visible")
"""Counters that are shown."""

COMPUTE = RESOURCES.index("compute")


class NetworkViewer(Showing[NetworkFrame]):
    """Keeps who was served before the epoch that is shown, and how many in each."""

    def __init__(self, simulation: NetworkSimulation, render_mode: str, frames_per_s: int) -> None:
        super().__init__(render_mode, frames_per_s)
        self._simulation = simulation
        self._name: str | None = None
        self._served_by = self._before = np.zeros(0, dtype=np.int8)
        self._counts_before: list[int] = []
        self._counts: list[int] = []
        self._served: list[int] = []
        self._arrived: list[int] = []

    def begin(self, name: str, workload: Workload) -> None:
        """An episode has begun on a workload, in the environment of that name."""
        self._name, self._served = name, []
        self._arrived = [self._simulation.counters(0)["arrived"]]
        self._served_by = self._before = self._servers()
        self._counts_before = self._counts = [0] * self._simulation.servers
        self._show()

    def advance(self, parts_s: tuple[float, float] | None) -> None:
        """A step was taken."""
        simulation = self._simulation
        self._before, self._served_by = self._served_by, self._servers()
        rows = range(simulation.servers)
        self._counts_before = self._counts
        self._counts = [int(simulation.state.nodes.counters[row, N_SERVED]) for row in rows]
        self._served.append(sum(self._counts) - sum(self._counts_before))
        self._arrived.append(simulation.counters(0)["arrived"])
        self._show()

    def _show(self) -> None:
        if self.render_mode == "human":
            self.render()

    def _servers(self) -> NDArray[np.int8]:
        return self._simulation.state.served_by[0].copy()

    def frame(self) -> NetworkFrame:
        """The network as it is now; raises `ResetNeeded` before the first reset."""
        if self._name is None:
            raise ResetNeeded("render(): call reset() first, there is no episode to show")
        simulation = self._simulation
        scenario, counters = simulation.scenario, simulation.counters(0)
        arrivals = np.diff(self._arrived, prepend=0)
        return NetworkFrame(
            environment=self._name,
            scenario=scenario.name,
            epoch=counters["epochs"],
            epochs=simulation.params.episode_epochs,
            counters=tuple((name, counters[name]) for name in SHOWN),
            sites=tuple(self._site(server) for server in range(simulation.servers)),
            stations_m=() if scenario.network is None else scenario.network.sites_m or (),
            flows=self._flows(),
            served=tuple(self._served),
            arrived=tuple(int(count) for count in arrivals[: len(self._served)]),
            models=tuple(one.name for one in scenario.cells[0].variants) if simulation.params.places else (),
            classes=scenario.cells[0].workload.class_names,
        )

    def _flows(self) -> tuple[Flow, ...]:
        now = np.flatnonzero((self._served_by != NOBODY) & (self._before == NOBODY))
        pairs = np.stack((self._simulation.state.cell[0, now], self._served_by[now]), axis=1)
        found, counts = np.unique(pairs, axis=0, return_counts=True)
        return tuple(
            Flow(cell, server, count) for (cell, server), count in zip(found.tolist(), counts.tolist(), strict=True)
        )

    def _site(self, server: int) -> Site:
        simulation, state = self._simulation, self._simulation.state
        params, served = simulation.params, self._counts[server] - self._counts_before[server]
        if server >= params.cells:
            return Site("cloud", True, (), 0, served, 0.0, ())
        names = ("node",) if simulation.scenario.network is None else simulation.scenario.network.names
        arrived, before = self._arrived[-1], self._arrived[-2] if len(self._arrived) > 1 else 0
        here = state.cell[0, :arrived] == server
        waits = here & (state.status[0, :arrived] == PENDING)
        kinds = state.nodes.request_class[0, :arrived] if params.classes > 1 else np.zeros(arrived, dtype=np.int8)
        load_s = params.nodes.variant_load_s[server]
        held = state.nodes.module_variant[server] if params.places else []
        left_s = state.nodes.module_ready_s[server] if params.places else []
        modules = tuple(
            Module(int(model), float(left), float(load_s[model]) if model >= 0 else 0.0)
            for model, left in zip(held, left_s, strict=True)
        )
        return Site(
            names[server],
            False,
            tuple(np.bincount(kinds[waits], minlength=params.classes).tolist()),
            int(here[before:].sum()),
            served,
            float(state.nodes.utilisation[server, COMPUTE]),
            modules,
        )

    def text(self, frame: NetworkFrame) -> str:
        """The frame as text."""
        return as_text(frame)

    def new_picture(self) -> NetworkPicture:
        """What draws such frames; raises `DependencyNotInstalled` without pygame."""
        from edge_llm_env.envs.multi_node.viewer.picture import NetworkPicture

        return NetworkPicture()

    def title(self, frame: NetworkFrame) -> str:
        """The window's."""
        return f"{frame.environment}, {frame.scenario}"
