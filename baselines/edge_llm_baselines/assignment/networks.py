"""An epoch of a network as a problem of several nodes, and assignments as the bids that bring them about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.assignment.problem import SeveralNodes
from edge_llm_baselines.solvers.problem import BatchProblem
from edge_llm_env.dynamics.cascade import accurate_enough
from edge_llm_env.dynamics.modules import GROUPS, variant_rule
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.dynamics.settling.variants import delays_after, groups_of
from edge_llm_env.dynamics.slots import candidates_of_row
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.support.checking.arguments import checked


@checked
def requests_in_slots(simulation: NetworkSimulation, row: int = 0) -> NDArray[np.int64]:
    """The requests that stand in a slot of some server of a row, ascending; int64 of shape (n,)."""
    return np.unique(np.concatenate([simulation.shown(server, row) for server in range(simulation.servers)]))


def computes_one_batch(simulation: NetworkSimulation) -> bool:
    """Whether no server computes several batches at once, as nodes do whose modules hold several models."""
    return not simulation.params.places or simulation.params.modules == 1


@checked
def problem_of_network(
    simulation: NetworkSimulation, values: NDArray[np.float64] | None = None, row: int = 0
) -> SeveralNodes:
    """The present epoch of a row over `requests_in_slots`; `values`, of shape (S, Q), is of the slots, 1 if not given.

    A server that does not show a request cannot serve it, and one whose module loads or holds another variant cannot
    either. Raises ValueError for values of another shape, and for a server whose modules compute several batches.
    """
    requests, slots = requests_in_slots(simulation, row), simulation.slots
    worth = np.ones((simulation.servers, slots)) if values is None else values
    if worth.shape != (simulation.servers, slots):
        raise ValueError(f"values has shape {worth.shape}: must be ({simulation.servers}, {slots}), servers and slots")
    problems = []
    for server, of_server in enumerate(worth):
        shown = simulation.shown(server, row)
        at = np.searchsorted(requests, shown)
        rule, here, able = _batch_of_server(simulation, server, row)
        # Who is not shown costs nothing but more than the whole of each band.
        filled = Candidates(*(np.full(len(requests), np.inf if "share" in name else 1.0) for name in here._fields))
        own = np.zeros(len(requests))
        for field, shown_field in zip(filled, here, strict=True):
            field[at] = shown_field
        own[at] = np.where(able, of_server[: len(shown)], 0.0)
        problems.append(BatchProblem(rule, filled, own))
    return SeveralNodes(tuple(problems))


def _batch_of_server(
    simulation: NetworkSimulation, server: int, row: int
) -> tuple[Rule, Candidates, NDArray[np.bool_]]:
    """The rule of the batch that a server computes now, its slots as candidates, and which of them it can serve."""
    node, nodes, at = simulation.node_params(server), simulation.state.nodes, simulation.row_of(server, row)
    rule, candidates = rule_of(node), candidates_of_row(nodes, at)
    able = np.ones(len(candidates.slack_s), dtype=np.bool_)
    if not simulation.params.places:
        return rule, candidates, able
    sizes, ready_s = groups_of(node, nodes, at)
    delays_s = delays_after(node.uplink_s, ready_s)
    groups = np.flatnonzero((sizes > 0) & (rule.window_s > delays_s))
    if len(groups) > 1:
        raise ValueError(f"server {server}: its modules compute {len(groups)} batches at once, must be one")
    if len(groups) == 0:
        return rule, candidates, ~able
    group = int(groups[0])
    for slot in range(len(able)):
        able[slot] = accurate_enough(node, nodes, at, slot, group // GROUPS)
    hosted = variant_rule(rule, node, group // GROUPS, int(sizes[group]), rule.window_s - delays_s[group])
    return hosted, candidates._replace(slack_s=candidates.slack_s - delays_s[group]), able


@checked
def bids_for(simulation: NetworkSimulation, node_of: NDArray[np.int64], row: int = 0) -> NDArray[np.float32]:
    """The action that has servers serve whom an assignment of `requests_in_slots` says, and leaves what nodes hold.

    Each server bids 1 for its own and does not bid for others, so that a feasible assignment is what is decoded.
    """
    requests = requests_in_slots(simulation, row)
    bids = np.full((simulation.servers, simulation.slots), -1.0, dtype=np.float32)
    for server in range(simulation.servers):
        shown = simulation.shown(server, row)
        bids[server, : len(shown)][node_of[np.searchsorted(requests, shown)] == server] = 1.0
    wishes = simulation.params.cells * simulation.params.variants
    return np.concatenate((bids.ravel(), np.zeros(wishes, dtype=np.float32)))
