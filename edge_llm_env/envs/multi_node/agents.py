"""A network as several agents see it, one for each node: what of the whole is theirs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import EXPIRED
from edge_llm_env.envs.multi_node.observation import OBSERVATION
from edge_llm_env.envs.observation.layout import Block
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.scenarios.sections.reward_settings import R_ENERGY, R_EXPIRED, R_SERVED, R_TOKENS

HEARD = ("visible", "beyond_visible", "modules", "loaded")
"""Features of another node that it tells in a message: its load and, where models are placed, what it holds."""

REWARDS = ("shared", "individual")
"""Every agent earns what the whole network does, or what is of its node and cell."""


class Settled(NamedTuple):
    """What has become of requests of whom no node tells: bool arrays of shape (rows, C)."""

    expired: NDArray[np.bool_]
    at_cloud: NDArray[np.bool_]
    """Served by the cloud."""

    @classmethod
    def of(cls, simulation: NetworkSimulation) -> Settled:
        """By now."""
        return cls(simulation.state.status == EXPIRED, simulation.state.served_by == simulation.params.cells)


class NodeAgents:
    """An agent for each node of a network, N of them, in the order of the cells.

    An agent's **observation** holds, of what `EdgeLLM/MultiNode-v0` shows, what is of its own node and cell, then from
    each other node a message of 2 numbers, and 2·G where G models are placed (`HEARD`; none with `messages=False`), and
    last which node it is: N entries of which one is 1. All have the same length, so that one policy can play all.

    Its **action** is its own part of the action there: Q bids, where there is a cloud Q more that the cloud bids for
    those in its slots who are sent in its cell, and G wishes where models are placed.
    """

    def __init__(self, scenario: Scenario, simulation: NetworkSimulation, messages: bool) -> None:
        params = simulation.params
        self.nodes, self.slots = params.cells, params.slots
        self._servers, self._wishes = params.servers, params.variants
        own = [_entries_of(scenario, node) for node in range(self.nodes)]
        heard = [_entries_of(scenario, node, HEARD) for node in range(self.nodes)] if messages else [[]] * self.nodes
        told = [
            own[node] + [entry for other in range(self.nodes) if other != node for entry in heard[other]]
            for node in range(self.nodes)
        ]
        self._entries = np.array([[entry for entry, _ in of_node] for of_node in told])
        self._own_names = [name for _, name in own[0]]
        self._heard_names = [name for _, name in heard[0]]
        self.observation_length = self._entries.shape[1] + self.nodes
        self.has_cloud = params.servers > params.cells
        self.action_length = self.slots * (1 + self.has_cloud) + self._wishes

    def observations(self, whole: NDArray[np.float32]) -> NDArray[np.float32]:
        """What each agent sees, of shape (rows, N, length), of observations of the whole, (rows, length)."""
        seen = np.zeros((len(whole), self.nodes, self.observation_length), dtype=np.float32)
        seen[:, :, : self._entries.shape[1]] = whole[:, self._entries]
        seen[:, :, self._entries.shape[1] :] = np.eye(self.nodes, dtype=np.float32)
        return seen

    def of_own(self, name: str, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """A feature of their own node and cell in agents' observations, (rows, N, length): (rows, N, times)."""
        return seen[:, :, [at for at, one in enumerate(self._own_names) if one == name]]

    def of_others(self, name: str, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """A feature of `HEARD` as each agent hears it from the others, in the order of cells: (rows, N, N - 1, times).

        Without messages nothing, (rows, N, N - 1, 0).
        """
        told, first = len(self._heard_names), len(self._own_names)
        at = np.array([at for at, one in enumerate(self._heard_names) if one == name], dtype=np.intp)
        return seen[:, :, first + told * np.arange(self.nodes - 1)[:, None] + at]

    def action(self, simulation: NetworkSimulation, actions: NDArray[np.floating]) -> NDArray[np.float64]:
        """The actions of the whole, of shape (rows, length), that those of all agents make, (rows, N, length)."""
        rows, slots = len(actions), self.slots
        bids = np.full((rows, self._servers, slots), -1.0)
        bids[:, : self.nodes] = actions[:, :, :slots]
        if self.has_cloud:
            for row in range(rows):
                shown = simulation.shown(self.nodes, row)
                cell = simulation.state.cell[row, shown]
                for node in range(self.nodes):
                    own = simulation.shown(node, row)
                    for slot in np.flatnonzero((cell == node) & np.isin(shown, own)).tolist():
                        at = int(np.searchsorted(own, shown[slot]))
                        bids[row, self.nodes, slot] = actions[row, node, slots + at]
        wishes = actions[:, :, actions.shape[2] - self._wishes :] if self._wishes else actions[:, :, :0]
        whole: NDArray[np.float64] = np.concatenate((bids.reshape(rows, -1), wishes.reshape(rows, -1)), axis=1)
        return whole

    def own_rewards(self, simulation: NetworkSimulation, before: Settled) -> NDArray[np.float64]:
        """What each agent earned since `before`, of shape (rows, N): it sums to the reward of the whole.

        That is what its node served and spent in the last step, what the cloud served of those who were sent in its
        cell, less the price, and who expired of these.
        """
        params, state = simulation.params, simulation.state
        of_servers = state.nodes.reward_terms.reshape(len(state.counters), params.servers, -1)
        earned: NDArray[np.float64] = of_servers[:, : self.nodes, [R_SERVED, R_TOKENS, R_ENERGY]].sum(axis=2)
        now = Settled.of(simulation)
        row, request = np.nonzero(now.expired & ~before.expired)
        cell = state.cell[row, request].astype(np.int64)
        np.add.at(earned, (row, cell), params.nodes.reward_weights[cell, R_EXPIRED])
        if self.has_cloud:
            row, request = np.nonzero(now.at_cloud & ~before.at_cloud)
            weights = params.nodes.reward_weights[self.nodes]
            outputs = state.nodes.output_tokens[row * self._servers, request]
            tokens = state.nodes.prompt_tokens[row * self._servers, request] + outputs
            paid = weights[R_SERVED] + weights[R_TOKENS] * outputs - params.price_per_token * tokens
            np.add.at(earned, (row, state.cell[row, request].astype(np.int64)), paid)
        return earned


def _entries_of(scenario: Scenario, node: int, features: tuple[str, ...] | None = None) -> list[tuple[int, str]]:
    """Where the whole observation tells of a node and its cell, and by which features; of some if any are given."""
    entries: list[tuple[int, str]] = []
    first = 0
    for block in OBSERVATION:
        times, size = block.times(scenario), len(block.features_in(scenario))
        for time in range(times):
            if _owner(block, scenario, time) == node:
                for at, feature in enumerate(block.features_in(scenario)):
                    if features is None or feature.name in features:
                        entries.append((first + time * size + at, feature.name))
        first += times * size
    return entries


def _owner(block: Block, scenario: Scenario, time: int) -> int:
    """The server, or cell, that a block is of when it stands the `time`-th time."""
    cells = len(scenario.cells)
    of_each = {
        "server": 1,
        "slot of each server": scenario.epoch.visible_slots,
        "variant of each node": len(scenario.cells[0].variants),
        "module of each node": scenario.cells[0].node.modules,
        "class of each cell": scenario.cells[0].workload.class_count,
    }
    if block.each in of_each:
        return time // of_each[block.each]
    return time // scenario.cells[0].workload.class_count % cells  # an epoch of the history after the other
