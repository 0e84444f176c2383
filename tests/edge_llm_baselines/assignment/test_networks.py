"""Epochs of a network, solved as problems of several nodes and played as bids."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from edge_llm_baselines.assignment.branch_and_price import BranchAndPrice
from edge_llm_baselines.assignment.every_assignment import EveryAssignment
from edge_llm_baselines.assignment.gah import GAH
from edge_llm_baselines.assignment.networks import bids_for, problem_of_network, requests_in_slots
from edge_llm_env import Scenario
from edge_llm_env.envs.multi_node.environment import MultiNodeEnv
from tests.support.helpers import small_scenario

Q = 6


OVERLAPPING = {"network__sites_m": [[0.0, 0.0], [500.0, 0.0]], "radio__uplink_bandwidth_hz": 2e5}
"""Cells that overlap, and so narrow a band that channels count."""


def network(**overrides: Any) -> Scenario:
    """Two cells, of which one has most of the requests and the other most of the hardware."""
    cells = {
        "busy": {"workload": {"arrivals": {"rate_per_s": 6.0}}, "node": {"modules": 8}},
        "calm": {"workload": {"arrivals": {"rate_per_s": 0.5}}},
    }
    return small_scenario(network__cells=cells, network__backhaul_s=0.05, **overrides)


def served(env: MultiNodeEnv, before: np.ndarray) -> np.ndarray:
    """The server of each request that was served since."""
    return np.where(before < 0, env.simulation.state.served_by[0], -1)


@pytest.mark.parametrize("overrides", [{}, OVERLAPPING])
def test_what_is_solved_is_what_the_network_does(overrides: dict[str, Any]):
    env = MultiNodeEnv(network(**overrides))
    all_bids, better, away = np.ones(2 * Q, dtype=np.float32), 0, 0
    for seed in range(3):
        env.reset(seed=seed)
        truncated = False
        while not truncated:
            problem, requests = problem_of_network(env.simulation), requests_in_slots(env.simulation)
            before, cell = env.simulation.state.served_by[0].copy(), env.simulation.state.cell[0]
            best = BranchAndPrice().solve(problem)
            assert best.value == EveryAssignment().solve(problem).value
            in_turn = GAH().solve(problem)
            (twin := copy.deepcopy(env)).step(all_bids)
            assert (served(twin, before) >= 0).sum() == in_turn.value
            (twin := copy.deepcopy(env)).step(bids_for(env.simulation, cell[requests].astype(np.int64)))
            alone = np.flatnonzero(served(twin, before) >= 0)
            assert (served(twin, before)[alone] == cell[alone]).all()
            assert best.value >= max(in_turn.value, len(alone))
            better += best.value > len(alone)
            *_, truncated, _ = env.step(bids_for(env.simulation, best.node_of))
            assert (served(env, before)[requests] == best.node_of).all()
            assert (served(env, before) >= 0).sum() == best.value
            away += (best.node_of == 1).sum()
    assert better > 0
    assert away > 0


def test_values_are_of_slots():
    env = MultiNodeEnv(network())
    env.reset(seed=0)
    values = np.random.default_rng(0).uniform(0.1, 1.0, (2, Q))
    problem = problem_of_network(env.simulation, values)
    for server, (of_node, problem_of_node) in enumerate(zip(values, problem.nodes, strict=True)):
        shown = env.simulation.shown(server)
        at = np.searchsorted(requests_in_slots(env.simulation), shown)
        assert (problem_of_node.values[at] == of_node[: len(shown)]).all()
        assert np.isin(problem_of_node.values[problem_of_node.values > 0.0], of_node).all()
    with pytest.raises(ValueError, match=r"values has shape \(2, 7\): must be \(2, 6\)"):
        problem_of_network(env.simulation, np.ones((2, Q + 1)))
