"""What an agent of a network learns of the whole from its own observations: arrivals, and what nodes hold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.multi_node.agents import NodeAgents
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.residency.residents import IDLE

SAME = 1e-5
"""Slacks that differ by less, as parts of the longest latency requirement, are of the same request: observations are of
32 bits."""


class Memory(NamedTuple):
    """What agents keep from one epoch to the next, in R networks of N nodes with Q slots each."""

    slack: NDArray[np.float32]
    """(R, N, Q) that of the requests in their slots, -1 where there is none."""
    kind: NDArray[np.int64]
    """(R, N, Q) their classes."""
    elsewhere: NDArray[np.float64]
    """(R, N, H, K) requests of each class that came into their slots in the last epochs, the last first, beyond those
    that were sent in their own cells."""
    loads: NDArray[np.int64]
    """(R, N, N - 1, G) epochs since they heard that another node loads a variant; 0 where it does not."""


class Holdings(NamedTuple):
    """What agents know of all modules, U of them, node after node."""

    held: NDArray[np.int64]
    """(R, N, U) the variant of each, or IDLE."""
    lag: NDArray[np.int64]
    """(R, N, U) epochs in which it does not serve yet; the others' by when they were first heard to load."""


class OwnView:
    """Reads agents' observations, with messages, of a network where models are placed.

    A node meets the requests of all cells, so that whoever is new in its slots and was not sent in its own cell was
    sent elsewhere: it learns how many of each class, though not in which cell.
    """

    def __init__(self, simulation: NetworkSimulation, loading: NDArray[np.int64]) -> None:
        self._simulation = simulation
        self.agents = NodeAgents(simulation.scenario, simulation, messages=True)
        self._loading = loading.reshape(self.agents.nodes, simulation.params.modules, -1)[:, 0]

    def nothing(self, rows: int) -> Memory:
        """The memory before the first epoch."""
        params, nodes = self._simulation.params, self.agents.nodes
        return Memory(
            np.full((rows, nodes, params.slots), -1.0, dtype=np.float32),
            np.zeros((rows, nodes, params.slots), dtype=np.int64),
            np.zeros((rows, nodes, params.history, params.classes)),
            np.zeros((rows, nodes, nodes - 1, params.variants), dtype=np.int64),
        )

    def remembered(self, seen: NDArray[np.float32], before: Memory) -> Memory:
        """The memory after one more observation of each agent, (R, N, length)."""
        params, agents = self._simulation.params, self.agents
        present = agents.of_own("present", seen) > 0.5
        slack = np.where(present, agents.of_own("slack", seen), np.float32(-1.0))
        kind = np.rint(params.classes * agents.of_own("class", seen)).astype(np.int64) - 1
        passed = (self._simulation.scenario.epoch.epoch_s / params.nodes.longest_latency_s[: agents.nodes])[:, None]
        stayed = (np.abs(slack[..., None] - (before.slack - passed)[:, :, None]) < SAME) & (
            kind[..., None] == before.kind[:, :, None]
        )
        new = present & ~stayed.any(axis=3)
        came = (new[..., None] & (kind[..., None] == np.arange(params.classes))).sum(axis=2)
        elsewhere = np.maximum(0.0, came - params.most_arrivals * self.own_arrivals(seen)[:, :, 0])
        holds, loaded = (np.rint(params.modules * agents.of_others(name, seen)) for name in ("modules", "loaded"))
        return Memory(
            slack,
            kind,
            np.concatenate((elsewhere[:, :, None], before.elsewhere[:, :, :-1]), axis=2),
            np.where(holds > loaded, before.loads + 1, 0),
        )

    def own_arrivals(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """Arrivals in each agent's cell in the last epochs, as shown, the last first, (R, N, H, K)."""
        params = self._simulation.params
        return self.agents.of_own("arrivals", seen).reshape(*seen.shape[:2], params.history, params.classes)

    def inputs(self, seen: NDArray[np.float32], memory: Memory) -> NDArray[np.float32]:
        """What each agent foretells from, (R, N, 2·H·K): arrivals in its cell, then elsewhere (`with_elsewhere`)."""
        params, own = self._simulation.params, self.own_arrivals(seen)
        others = memory.elsewhere / (params.most_arrivals * max(1, self.agents.nodes - 1))
        flat = (*seen.shape[:2], -1)
        return np.concatenate((own.reshape(flat), others.astype(np.float32).reshape(flat)), axis=2)

    def holdings(self, seen: NDArray[np.float32], memory: Memory) -> Holdings:
        """What each agent knows of all modules."""
        params, agents = self._simulation.params, self.agents
        rows, nodes, modules = len(seen), agents.nodes, params.modules
        held = np.full((rows, nodes, nodes, modules), IDLE, dtype=np.int64)
        lag = np.zeros(held.shape, dtype=np.int64)
        before_end_s = agents.of_own("loads", seen) * params.nodes.longest_load_s[:nodes, None]
        left_s = before_end_s.astype(np.float64) - params.nodes.uplink_s[:nodes, None]
        mine = np.arange(nodes)
        held[:, mine, mine] = np.rint(params.variants * agents.of_own("hosts", seen)).astype(np.int64) - 1
        left = np.ceil(left_s / self._simulation.scenario.epoch.epoch_s - SAME)
        lag[:, mine, mine] = np.maximum(0, left).astype(np.int64)
        holds = np.rint(params.modules * agents.of_others("modules", seen)) > 0
        for node in range(nodes):
            for at, other in enumerate(one for one in range(nodes) if one != node):
                for row, variant in np.argwhere(holds[:, node, at]).tolist():
                    module = int(holds[row, node, at, :variant].sum())
                    held[row, node, other, module] = variant
                    if heard := int(memory.loads[row, node, at, variant]):
                        lag[row, node, other, module] = max(1, int(self._loading[other, variant]) - heard)
        return Holdings(held.reshape(rows, nodes, -1), lag.reshape(rows, nodes, -1))


def with_elsewhere(own: NDArray[np.float32]) -> NDArray[np.float32]:
    """Beside each cell's arrivals, (moments, N, inputs), the mean of the other cells': (moments, N, 2·inputs)."""
    others = (own.sum(axis=1, keepdims=True) - own) / np.float32(max(1, own.shape[1] - 1))
    return np.concatenate((own, others), axis=2)
