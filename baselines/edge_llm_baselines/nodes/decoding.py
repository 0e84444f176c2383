"""Exact decoding of several nodes: bids are values, and the most valuable assignment is what happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorActionWrapper, VectorEnv
from numpy.typing import NDArray

from edge_llm_baselines.assignment.branch_and_price import BranchAndPrice
from edge_llm_baselines.assignment.networks import bids_for, computes_one_batch, problem_of_network
from edge_llm_baselines.nodes.rules import PARTS
from edge_llm_env.envs.box_action import checked_box
from edge_llm_env.envs.multi_node.environment import MultiNodeEnv, MultiNodeVectorEnv
from edge_llm_env.envs.multi_node.kernel import value_of_bid
from edge_llm_env.nodes.placing import place
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.support.calling import direct
from edge_llm_env.support.checking.arguments import checked

Observation = NDArray[np.float32]
Bids = NDArray[np.floating]


class ExactDecoding(gym.ActionWrapper[Observation, Bids, Bids], RecordConstructorArgs):
    """`EdgeLLM/MultiNode-v0` whose bids are decoded by `BranchAndPrice` in place of GAH.

    Action, observation, reward and episode are the environment's: a bid makes a request worth as much as there, -1 is
    none, and wishes come first. The assignment is the most valuable, or the best found in `node_limit` parts of the
    search; equal bids, equal assignments, however long that takes.

    Raises ValueError for another environment, for one whose nodes compute several batches at once, and for a limit that
    is not positive.
    """

    @checked
    def __init__(self, env: gym.Env[Observation, Bids], node_limit: int = PARTS) -> None:
        if not isinstance(env.unwrapped, MultiNodeEnv):
            raise ValueError(f"env = {env}: must be EdgeLLM/MultiNode-v0")
        RecordConstructorArgs.__init__(self, node_limit=node_limit)
        super().__init__(env)
        self._simulation = _of_one_batch(env.unwrapped.simulation)
        self._solver = BranchAndPrice(node_limit=node_limit)

    def action(self, action: Bids) -> Bids:
        """The action of the environment that has servers serve whom these bids assign to them."""
        return decoded(self._simulation, checked_box(action, self.action_space)[None], self._solver)[0]


class VectorExactDecoding(VectorActionWrapper):
    """`ExactDecoding` of every row of the native vector environment: row i is the single one, given the same actions.

    Raises ValueError as `ExactDecoding` does.
    """

    @checked
    def __init__(self, env: VectorEnv, node_limit: int = PARTS) -> None:
        if not isinstance(env.unwrapped, MultiNodeVectorEnv):
            raise ValueError(f"env = {env}: must be the native vector form of EdgeLLM/MultiNode-v0")
        super().__init__(env)
        self._simulation = _of_one_batch(env.unwrapped.simulation)
        self._solver = BranchAndPrice(node_limit=node_limit)

    def actions(self, actions: Bids) -> Bids:
        """The actions that have servers serve whom these assign to them, of the same shape."""
        return decoded(self._simulation, checked_box(actions, self.action_space), self._solver)


def decoded(simulation: NetworkSimulation, actions: NDArray[np.float64], solver: BranchAndPrice) -> NDArray[np.float64]:
    """Actions of all rows, (rows, length), whose bids GAH decodes into the solver's assignments of those given."""
    bids = simulation.servers * simulation.slots
    values = np.vectorize(value_of_bid, otypes=[np.float64])(actions[:, :bids])
    whole = actions.copy()
    for row, of_row in enumerate(values.reshape(len(actions), simulation.servers, simulation.slots)):
        with _placed(simulation, actions[row], row):
            node_of = solver.solve(problem_of_network(simulation, of_row, row)).node_of
        whole[row, :bids] = np.where(values[row] > 0.0, bids_for(simulation, node_of, row)[:bids], -1.0)
    return whole


@contextmanager
def _placed(simulation: NetworkSimulation, action: NDArray[np.float64], row: int) -> Iterator[None]:
    """A row with the models that nodes will hold once the wishes of an action have come true."""
    params, nodes = simulation.params, simulation.state.nodes
    if not params.places:
        yield
        return
    rows = slice(simulation.row_of(0, row), simulation.row_of(params.cells, row))
    held, ready_s = nodes.module_variant[rows].copy(), nodes.module_ready_s[rows].copy()
    for node in range(params.cells):
        first = params.servers * params.slots + node * params.variants
        direct(place)(nodes, simulation.row_of(node, row), action, first, simulation.node_params(node).variant_load_s)
    try:
        yield
    finally:
        nodes.module_variant[rows], nodes.module_ready_s[rows] = held, ready_s


def _of_one_batch(simulation: Any) -> NetworkSimulation:
    if not computes_one_batch(simulation):
        raise ValueError(f"node.modules = {simulation.params.modules}: must be 1 where models are placed")
    return simulation
