"""An epoch of a network as a problem of several nodes, and assignments as the bids that bring them about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.problem import SeveralNodes
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.dynamics.slots import candidates_of_row
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.support.checking.arguments import checked


@checked
def requests_in_slots(simulation: NetworkSimulation) -> NDArray[np.int64]:
    """The requests that stand in a slot of some node, ascending; int64 of shape (n,)."""
    shown = [node.state.slot_request[0, : node.state.visible[0]] for node in simulation.nodes]
    return np.unique(np.concatenate(shown))


@checked
def problem_of_network(simulation: NetworkSimulation, values: NDArray[np.float64] | None = None) -> SeveralNodes:
    """The present epoch over `requests_in_slots`; `values`, of shape (nodes, Q), is of the slots, 1 if not given.

    A node that does not show a request cannot serve it. Raises ValueError for values of another shape.
    """
    requests, slots = requests_in_slots(simulation), simulation.slots
    worth = np.ones((len(simulation.nodes), slots)) if values is None else values
    if worth.shape != (len(simulation.nodes), slots):
        raise ValueError(f"values has shape {worth.shape}: must be ({len(simulation.nodes)}, {slots}), nodes and slots")
    problems = []
    for node, of_node in zip(simulation.nodes, worth, strict=True):
        shown = int(node.state.visible[0])
        at = np.searchsorted(requests, node.state.slot_request[0, :shown])
        here = candidates_of_row(node.state, 0)
        # Who is not shown costs nothing but more than the whole of each band.
        filled = Candidates(*(np.full(len(requests), np.inf if "share" in name else 1.0) for name in here._fields))
        own = np.zeros(len(requests))
        for field, shown_field in zip(filled, here, strict=True):
            field[at] = shown_field
        own[at] = of_node[:shown]
        problems.append(BatchProblem(rule_of(node.params), filled, own))
    return SeveralNodes(tuple(problems))


@checked
def bids_for(simulation: NetworkSimulation, node_of: NDArray[np.int64]) -> NDArray[np.float32]:
    """The bids, of shape (nodes · Q,), that have nodes serve whom an assignment of `requests_in_slots` says.

    Each node bids 1 for its own and does not bid for others, so that a feasible assignment is what is decoded.
    """
    requests = requests_in_slots(simulation)
    bids = np.full((len(simulation.nodes), simulation.slots), -1.0, dtype=np.float32)
    for at, node in enumerate(simulation.nodes):
        shown = node.state.slot_request[0, : node.state.visible[0]]
        bids[at, : len(shown)][node_of[np.searchsorted(requests, shown)] == at] = 1.0
    return bids.ravel()
