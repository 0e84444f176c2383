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
    """The requests that stand in a slot of some server, ascending; int64 of shape (n,)."""
    return np.unique(np.concatenate([simulation.shown(server) for server in range(simulation.servers)]))


@checked
def problem_of_network(simulation: NetworkSimulation, values: NDArray[np.float64] | None = None) -> SeveralNodes:
    """The present epoch over `requests_in_slots`; `values`, of shape (servers, Q), is of the slots, 1 if not given.

    A server that does not show a request cannot serve it. Raises ValueError for values of another shape, and for a
    network whose nodes hold several models, each of which has a batch of its own.
    """
    if simulation.params.places:
        raise ValueError(f"scenario {simulation.scenario.name}: network.placement must be false, for one batch a node")
    requests, slots, servers = requests_in_slots(simulation), simulation.slots, simulation.servers
    worth = np.ones((servers, slots)) if values is None else values
    if worth.shape != (servers, slots):
        raise ValueError(f"values has shape {worth.shape}: must be ({servers}, {slots}), servers and slots")
    problems = []
    for server in range(servers):
        shown = simulation.shown(server)
        at = np.searchsorted(requests, shown)
        here = candidates_of_row(simulation.state.nodes, simulation.row_of(server))
        # Who is not shown costs nothing but more than the whole of each band.
        filled = Candidates(*(np.full(len(requests), np.inf if "share" in name else 1.0) for name in here._fields))
        own = np.zeros(len(requests))
        for field, shown_field in zip(filled, here, strict=True):
            field[at] = shown_field
        own[at] = worth[server, : len(shown)]
        problems.append(BatchProblem(rule_of(simulation.node_params(server)), filled, own))
    return SeveralNodes(tuple(problems))


@checked
def bids_for(simulation: NetworkSimulation, node_of: NDArray[np.int64]) -> NDArray[np.float32]:
    """The action that has servers serve whom an assignment of `requests_in_slots` says, and moves no model.

    Each server bids 1 for its own and does not bid for others, so that a feasible assignment is what is decoded.
    """
    requests = requests_in_slots(simulation)
    bids = np.full((simulation.servers, simulation.slots), -1.0, dtype=np.float32)
    for server in range(simulation.servers):
        shown = simulation.shown(server)
        bids[server, : len(shown)][node_of[np.searchsorted(requests, shown)] == server] = 1.0
    wishes = np.zeros(simulation.params.cells * simulation.params.variants, dtype=np.float32)
    return np.concatenate((bids.ravel(), wishes))
