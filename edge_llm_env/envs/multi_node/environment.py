"""The central form of a network: one agent bids for every node."""

from __future__ import annotations

from typing import Any, cast

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import R_ENERGY, R_EXPIRED, R_SERVED, R_TOKENS
from edge_llm_env.envs.base import begin_rows, checked_options
from edge_llm_env.envs.batch_selection.kernel import step_row
from edge_llm_env.envs.layout import length
from edge_llm_env.envs.multi_node.kernel import values_of_bids
from edge_llm_env.envs.observation import OBSERVATION
from edge_llm_env.nodes.decoding import NOBODY, choose, take
from edge_llm_env.nodes.network import Network
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.nodes.workload import NetworkWorkload, draw_network_workload
from edge_llm_env.scenarios.reward_settings import REWARD_TERMS
from edge_llm_env.support.calling import direct
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import shown


class MultiNodeEnv(gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """One epoch of a network per step; not registered yet, as it has no rules, hindsight and presets.

    **Action** `Box(-1, 1, (N·Q,))`: for each node, in order, a bid for the request in each of its Q slots. A bid a
    makes the request worth (1 + a) / 2 to the node, rounded up to a multiple of 1/1024; -1 is none, and such a request
    is not served there. The nodes then take, one after the other, the feasible batch worth most beyond where its
    requests are assigned by then (GAH, at least half of the most valuable assignment). Bids for empty slots are
    ignored.

    **Observation** `Box(0, 1)`: of each node, in order, what `EdgeLLM/BatchSelection-v0` shows of it
    (`edge_llm_env.envs.observation`). A request stands in the slots of every node that could serve it alone.

    **Reward**: the cells' weights times what their nodes serve, tokens and energy; a request that no node can serve any
    more counts as expired, with the weight of its own cell. `info["reward_terms"]` sums to it.

    **Episode**: truncated after `epoch.episode_epochs` steps. `info["node_of"]` tells the node that served each request
    of the workload in the epoch that ended, or -1.

    `reset(options={"workload": workload})` replays a `NetworkWorkload`. With one cell, all is as in
    `EdgeLLM/BatchSelection-v0` behind `OracleDecoding`, bit for bit.
    """

    @checked
    def __init__(self, network: Network) -> None:
        self.network = network
        self.simulation = NetworkSimulation(network)
        nodes, slots = len(network.cells), self.simulation.slots
        entries = [length(OBSERVATION, cell) for cell in network.cells]
        self._observations = np.zeros((nodes, max(entries)), dtype=np.float32)
        self.observation_space = cast(
            "spaces.Space[NDArray[np.float32]]", spaces.Box(0.0, 1.0, (sum(entries),), dtype=np.float32)
        )
        self.action_space = cast(
            "spaces.Space[NDArray[np.float32]]", spaces.Box(-1.0, 1.0, (nodes * slots,), dtype=np.float32)
        )
        self._expired = np.zeros(0, dtype=np.bool_)
        self._begun = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode on `options["workload"]`, or on a workload drawn from the seeded generator."""
        given = checked_options(options, "workload").get("workload")
        if given is not None and not isinstance(given, NetworkWorkload):
            raise TypeError(f"options['workload'] = {shown(given)}: must be a NetworkWorkload")
        super().reset(seed=seed)
        workload = draw_network_workload(self.network, self.np_random) if given is None else given
        self.simulation.load(workload)
        self._begun = True
        everyone = np.zeros(1, dtype=np.intp)
        for node, observation in zip(self.simulation.nodes, self._observations, strict=True):
            direct(begin_rows)(node.params, node.state, everyone, observation[None])
        self._expired = self.simulation.expired()
        nobody = np.full(workload.requests.requests, NOBODY, dtype=np.int64)
        return self._observations.flatten(), self._info(nobody, dict.fromkeys(REWARD_TERMS, 0.0))

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Assign requests to nodes as the bids say, serve them, and begin the next epoch."""
        if not self._begun:
            raise ResetNeeded("step was called before reset: call reset first")
        nodes = self.simulation.nodes
        values = values_of_bids(action, (len(nodes), self.simulation.slots))
        node_of = np.full(len(self.simulation.cell), NOBODY, dtype=np.int64)
        worth = np.zeros(len(self.simulation.cell))
        for at, node in enumerate(nodes):
            direct(choose)(node.params, node.state, 0, at, values[at], node_of, worth)
        chosen = np.zeros(self.simulation.slots, dtype=np.int8)
        for at, node in enumerate(nodes):
            direct(take)(node.state, 0, at, node_of, chosen)
            direct(step_row)(node.params, node.state, 0, chosen, self._observations[at])
        terms = self._reward_terms()
        info = self._info(node_of, terms)
        reward = terms["served"] + terms["tokens"] + terms["energy"] + terms["expired"]
        truncated = info["epochs"] >= nodes[0].params.episode_epochs
        return self._observations.flatten(), reward, False, truncated, info

    def _reward_terms(self) -> dict[str, float]:
        """The terms of the epoch that ended: those of the nodes, but requests expire when no node can serve them."""
        of_nodes = np.array([node.state.reward_terms[0] for node in self.simulation.nodes])
        terms = dict.fromkeys(REWARD_TERMS, 0.0)
        for term in (R_SERVED, R_TOKENS, R_ENERGY):
            terms[REWARD_TERMS[term]] = float(of_nodes[:, term].sum())
        before, self._expired = self._expired, self.simulation.expired()
        for cell in self.simulation.cell[self._expired & ~before].tolist():
            terms[REWARD_TERMS[R_EXPIRED]] += float(self.simulation.nodes[cell].params.reward_weights[R_EXPIRED])
        return terms

    def _info(self, node_of: NDArray[np.int64], terms: dict[str, float]) -> dict[str, Any]:
        info: dict[str, Any] = self.simulation.counters()
        info["energy_j"] = float(sum(node.state.energy_j.item(0) for node in self.simulation.nodes))
        info["served_by_node"] = self.simulation.served_by_node()
        info["reward_terms"] = terms
        info["node_of"] = node_of
        return info
