"""Epochs of a network, solved as problems of several nodes and played as bids."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from edge_llm_baselines.assignment.branch_and_price import BranchAndPrice
from edge_llm_baselines.assignment.every_assignment import EveryAssignment
from edge_llm_baselines.assignment.gah import GAH
from edge_llm_baselines.assignment.networks import bids_for, problem_of_network, requests_in_slots
from edge_llm_env.envs.multi_node.environment import MultiNodeEnv
from edge_llm_env.nodes.network import Network
from tests.support.helpers import small_scenario

Q = 6


def network() -> Network:
    """Two cells, of which one has most of the requests and the other most of the hardware."""
    rate = "workload__arrivals__rate_per_s"
    return Network((small_scenario(**{rate: 6.0, "node__modules": 8}), small_scenario(**{rate: 0.5})), 0.05)


def test_what_is_solved_is_what_the_network_does():
    env = MultiNodeEnv(network())
    all_bids, better, away = np.ones(2 * Q, dtype=np.float32), 0, 0
    for seed in range(3):
        env.reset(seed=seed)
        truncated = False
        while not truncated:
            problem, requests = problem_of_network(env.simulation), requests_in_slots(env.simulation)
            best = BranchAndPrice().solve(problem)
            assert best.value == EveryAssignment().solve(problem).value
            in_turn = GAH().solve(problem)
            *_, told = copy.deepcopy(env).step(all_bids)
            assert (told["node_of"] >= 0).sum() == in_turn.value
            *_, alone = copy.deepcopy(env).step(bids_for(env.simulation, env.simulation.cell[requests]))
            served_alone = np.flatnonzero(alone["node_of"] >= 0)
            assert (alone["node_of"][served_alone] == env.simulation.cell[served_alone]).all()
            assert best.value >= max(in_turn.value, len(served_alone))
            better += best.value > len(served_alone)
            *_, truncated, info = env.step(bids_for(env.simulation, best.node_of))
            assert (info["node_of"][requests] == best.node_of).all()
            assert (info["node_of"] >= 0).sum() == best.value
            away += (best.node_of == 1).sum()
    assert better > 0
    assert away > 0


def test_values_are_of_slots():
    env = MultiNodeEnv(network())
    env.reset(seed=0)
    values = np.random.default_rng(0).uniform(0.1, 1.0, (2, Q))
    problem = problem_of_network(env.simulation, values)
    for node, of_node, problem_of_node in zip(env.simulation.nodes, values, problem.nodes, strict=True):
        shown = node.state.slot_request[0, : node.state.visible[0]]
        at = np.searchsorted(requests_in_slots(env.simulation), shown)
        assert (problem_of_node.values[at] == of_node[: len(shown)]).all()
        assert np.isin(problem_of_node.values[problem_of_node.values > 0.0], of_node).all()
    with pytest.raises(ValueError, match=r"values has shape \(2, 7\): must be \(2, 6\)"):
        problem_of_network(env.simulation, np.ones((2, Q + 1)))
