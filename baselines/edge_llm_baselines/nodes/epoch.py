"""The present epoch of a network, as rules look at it: a table of requests and nodes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.networks import problem_of_network, requests_in_slots
from edge_llm_baselines.assignment.problem import SeveralNodes
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.support.checking.arguments import checked


class NetworkEpoch(NamedTuple):
    """The n requests that stand in a slot of some of N nodes, in order of arrival."""

    problem: SeveralNodes
    """Who can be served with whom; every request is worth 1."""
    cell: NDArray[np.int64]
    """(n,) the cell that each is sent in."""
    able: NDArray[np.bool_]
    """(N, n) whether a node could serve a request alone."""
    slack_s: NDArray[np.float64]
    """(N, n) most compute time of a batch with it, -inf where `able` is false."""
    band: NDArray[np.float64]
    """(N, n) the larger of its least shares of a node's uplink and downlink, inf where `able` is false."""
    load: NDArray[np.float64]
    """(N, n) what it takes of a node: the largest of its shares of both bands and of its compute time alone, as a
    fraction of the window; inf where `able` is false."""


@checked
def network_epoch(simulation: NetworkSimulation) -> NetworkEpoch:
    """The epoch that a network decides on now."""
    problem, requests = problem_of_network(simulation), requests_in_slots(simulation)
    able = problem.worth > 0.0
    slack_s, band, load = np.full(able.shape, -np.inf), np.full(able.shape, np.inf), np.full(able.shape, np.inf)
    for at, of_node in enumerate(problem.nodes):
        here, shown = able[at], simulation.shown(at)
        compute_s = np.full(len(requests), np.inf)
        own_s = simulation.state.nodes.slot_compute_s[simulation.row_of(at)]
        compute_s[np.searchsorted(requests, shown)] = own_s[: len(shown)]
        own = of_node.candidates
        slack_s[at, here] = own.slack_s[here]
        band[at, here] = np.maximum(own.uplink_share, own.downlink_share)[here]
        load[at, here] = np.maximum(band[at], compute_s / of_node.rule.window_s)[here]
    return NetworkEpoch(problem, simulation.state.cell[0, requests].astype(np.int64), able, slack_s, band, load)
