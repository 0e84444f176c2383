"""The present epoch of a network, as rules look at it: a table of requests and servers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.networks import problem_of_network, requests_in_slots
from edge_llm_baselines.assignment.problem import SeveralNodes
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.scenarios.sections.reward_settings import R_SERVED, R_TOKENS
from edge_llm_env.support.checking.arguments import checked


class NetworkEpoch(NamedTuple):
    """The n requests that stand in a slot of some of S servers, in order of arrival."""

    problem: SeveralNodes
    """Who can be served with whom, and what that is worth in rewards, 1 the most."""
    cells: int
    """N, nodes of cells: the first servers. The one behind them is the cloud."""
    cell: NDArray[np.int64]
    """(n,) the cell that each is sent in."""
    able: NDArray[np.bool_]
    """(S, n) whether a server could serve a request alone, and it is worth that."""
    slack_s: NDArray[np.float64]
    """(S, n) most compute time of a batch with it, -inf where `able` is false."""
    band: NDArray[np.float64]
    """(S, n) the larger of its least shares of a server's uplink and downlink, inf where `able` is false."""
    load: NDArray[np.float64]
    """(S, n) what it takes of a server: the largest of its shares of both bands and of its compute time alone, as a
    fraction of the window; inf where `able` is false."""


@checked
def network_epoch(simulation: NetworkSimulation, row: int = 0) -> NetworkEpoch:
    """The epoch that a row of a network decides on now."""
    problem = problem_of_network(simulation, values_in_slots(simulation, row), row)
    requests, able = requests_in_slots(simulation, row), problem.worth > 0.0
    slack_s, band, load = np.full(able.shape, -np.inf), np.full(able.shape, np.inf), np.full(able.shape, np.inf)
    for server, of_server in enumerate(problem.nodes):
        here, shown = able[server], simulation.shown(server, row)
        compute_s = np.full(len(requests), np.inf)
        alone_s = simulation.state.nodes.slot_compute_s[simulation.row_of(server, row), : len(shown)]
        compute_s[np.searchsorted(requests, shown)] = alone_s
        own = of_server.candidates
        slack_s[server, here] = own.slack_s[here]
        band[server, here] = np.maximum(own.uplink_share, own.downlink_share)[here]
        load[server, here] = np.maximum(band[server], compute_s / of_server.rule.window_s)[here]
    cell = simulation.state.cell[row, requests].astype(np.int64)
    return NetworkEpoch(problem, simulation.params.cells, cell, able, slack_s, band, load)


@checked
def values_in_slots(simulation: NetworkSimulation, row: int = 0) -> NDArray[np.float64]:
    """What serving the request in each slot is worth there in rewards, less the cloud's price; float64 of shape (S, Q).

    In parts of the most that any is worth, and 0 where it is worth less than nothing; all are 1 where requests count
    alike and there is no cloud. Energy is left out: it is spent by batches.
    """
    params, nodes = simulation.params, simulation.state.nodes
    worth = np.zeros((simulation.servers, simulation.slots))
    for server, of_server in enumerate(worth):
        shown, at = simulation.shown(server, row), simulation.row_of(server, row)
        weights = simulation.node_params(server).reward_weights
        outputs = nodes.output_tokens[at, shown]
        of_server[: len(shown)] = weights[R_SERVED] + weights[R_TOKENS] * outputs
        if server >= params.cells:
            of_server[: len(shown)] -= params.price_per_token * (nodes.prompt_tokens[at, shown] + outputs)
    worth = np.maximum(worth, 0.0)
    return worth / most if (most := worth.max(initial=0.0)) > 0.0 else worth
