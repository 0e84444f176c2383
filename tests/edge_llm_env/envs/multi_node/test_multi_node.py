"""The central form of a network: one node against `BatchSelection-v0`, several against plain Python."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from edge_llm_baselines import OracleDecoding
from edge_llm_env import Scenario, draw_workload
from edge_llm_env.envs.multi_node.environment import MultiNodeEnv
from tests.references.networks.plain_network import PlainNetwork
from tests.support.helpers import assert_same, small_scenario

Q = 5


def cell(rate_per_s: float, **overrides: object) -> Scenario:
    """A cell in which several requests compete and some expire."""
    settings = {"epoch__visible_slots": Q, "epoch__episode_epochs": 6, "workload__arrivals__rate_per_s": rate_per_s}
    return small_scenario(**settings, **overrides)


def network(backhaul_s: float = 0.05, **overrides: object) -> Scenario:
    """Three cells: a busy one, one whose node is half as fast and accurate, and one in which hardly anybody is."""
    weak = {
        "node": {"modules": 10, "precision": "w4a16-gptq"},
        "workload": {"arrivals": {"rate_per_s": 2.0}},
        "reward": {"expired": -0.25, "tokens": 0.001},
    }
    cells = {"busy": {}, "weak": weak, "calm": {"workload": {"arrivals": {"rate_per_s": 0.5}}}}
    settings = {"network__cells": cells, "network__backhaul_s": backhaul_s, "network__history_epochs": 0}
    return cell(6.0, **(settings | overrides))


def bids(rng: np.random.Generator, nodes: int) -> np.ndarray:
    """Bids of which a quarter are none."""
    drawn = rng.integers(-1024, 1025, nodes * Q)
    return np.where(rng.random(nodes * Q) < 0.25, -1.0, drawn / 1024.0).astype(np.float32)


def test_one_node_is_batch_selection_behind_oracle_decoding():
    scenario = cell(6.0, reward__expired=-0.1, reward__energy=-1e-5)
    one = MultiNodeEnv(scenario)
    other = OracleDecoding(gym.make("EdgeLLM/BatchSelection-v0", scenario=scenario, disable_env_checker=True))
    assert one.observation_space == other.observation_space
    rng = np.random.default_rng(0)
    for seed in (3, None):
        mine, _ = one.reset(seed=seed)
        theirs, _ = other.reset(seed=seed)
        assert (mine == theirs).all()
        truncated = False
        while not truncated:
            action = bids(rng, 1)
            mine, reward, _, truncated, info = one.step(action)
            theirs, expected, _, ends, told = other.step((1.0 + action) / 2.0)
            assert (mine == theirs).all()
            assert reward == expected
            assert truncated == ends
            assert_same(info, told)


OVERLAPPING = {
    "network__sites_m": [[0.0, 0.0], [500.0, 100.0], [2000.0, 0.0]],
    "radio__uplink_bandwidth_hz": 1e5,
    "radio__reciprocal_fading": False,
}
"""Two cells that overlap, one that is far away, and so narrow a band that a channel decides who can be served."""


@pytest.mark.parametrize(("backhaul_s", "overrides"), [(0.0, {}), (0.3, {}), (0.3, OVERLAPPING)])
def test_episodes_are_those_of_the_reference(backhaul_s: float, overrides: dict[str, Any]):
    cells, rng = network(backhaul_s, **overrides), np.random.default_rng(1)
    env = MultiNodeEnv(cells)
    away, shared = 0, 0
    for seed in range(2):
        workload = draw_workload(cells, np.random.default_rng(seed))
        reference = PlainNetwork(cells, workload)
        observation, info = env.reset(options={"workload": workload})
        truncated, before = False, np.full(workload.requests, -1)
        while not truncated:
            contexts, seen = observation[:30].reshape(3, 10), observation[30:].reshape(3, Q, 10)
            for at, node in enumerate(reference.nodes):
                assert contexts[at, 8] * Q == pytest.approx(len(node.visible))
                slots = [list(slot.values()) for slot in node.slots()] if node.visible else np.zeros((Q, 10))
                np.testing.assert_allclose(seen[at], slots, atol=1e-5)
            shown = [{request.index for request in node.visible} for node in reference.nodes]
            shared += len(shown[0] & shown[1] & shown[2]) > 0
            action = bids(rng, 3)
            observation, reward, _, truncated, info = env.step(action)
            served_by = env.simulation.state.served_by[0, : workload.requests].copy()
            node_of = np.where(before < 0, served_by, -1).tolist()
            before = served_by
            values = (np.ceil((1.0 + action.astype(float).reshape(3, Q)) * 512.0) / 1024.0).tolist()
            reference.most_in_turn(values, node_of)
            away += sum(node not in (-1, sent_in) for node, sent_in in zip(node_of, workload.cell, strict=True))
            terms = reference.step(node_of)
            assert info["reward_terms"] == pytest.approx(terms, rel=1e-9, abs=1e-12)
            assert reward == pytest.approx(sum(terms.values()), rel=1e-9, abs=1e-12)
            assert {name: info[name] for name in reference.counters()} == reference.counters()
        assert info["expired"] > 0
    assert away > 5
    assert shared > 5


def test_a_neighbour_serves_by_its_own_station_whom_no_backhaul_reaches():
    cells, rng = network(10.0, **OVERLAPPING), np.random.default_rng(0)
    env = MultiNodeEnv(cells)
    workload = draw_workload(cells, rng)
    env.reset(options={"workload": workload})
    truncated = False
    while not truncated:
        *_, truncated, _ = env.step(np.ones(3 * Q, dtype=np.float32))
    served_by = env.simulation.state.served_by[0, : workload.requests]
    at = np.flatnonzero((served_by >= 0) & (served_by != workload.cell))
    assert len(at) > 0
    assert (served_by[at] == workload.neighbour[at]).all()
    assert (workload.neighbour_uplink_gain[at, 0] >= workload.uplink_gain[at, 0]).all()


def test_rows_are_single_environments_where_neighbours_hear_users():
    cells = network(0.3, **OVERLAPPING)
    workloads = [draw_workload(cells, np.random.default_rng(seed)) for seed in range(3)]
    rows = gym.make_vec(
        "EdgeLLM/MultiNode-v0", num_envs=3, vectorization_mode="vector_entry_point", scenario=cells,
        autoreset_mode="Disabled",
    )  # fmt: skip
    alone = [MultiNodeEnv(cells) for _ in workloads]
    seen, _ = rows.reset(options={"workloads": workloads})
    rng = np.random.default_rng(2)
    for env, row, workload in zip(alone, seen, workloads, strict=True):
        assert (env.reset(options={"workload": workload})[0] == row).all()
    for _ in range(cells.epoch.episode_epochs):
        actions = np.stack([bids(rng, 3) for _ in alone])
        seen, rewards, *_ = rows.step(actions)
        for env, action, row, reward in zip(alone, actions, seen, rewards, strict=True):
            mine, earned, *_ = env.step(action)
            assert (mine == row).all()
            assert earned == reward


def test_nobody_is_served_elsewhere_when_the_backhaul_takes_too_long():
    cells = network(10.0)
    env, rng = MultiNodeEnv(cells), np.random.default_rng(0)
    workload = draw_workload(cells, rng)
    env.reset(options={"workload": workload})
    truncated = False
    while not truncated:
        *_, truncated, info = env.step(np.ones(3 * Q, dtype=np.float32))
    served_by = env.simulation.state.served_by[0, : workload.requests]
    at = np.flatnonzero(served_by >= 0)
    assert (served_by[at] == workload.cell[at]).all()
    assert len(at) == info["served"] > 0


def test_no_bids_serve_nobody_and_equal_seeds_give_equal_episodes():
    env = MultiNodeEnv(network())
    first, _ = env.reset(seed=5)
    *_, info = env.step(-np.ones(3 * Q, dtype=np.float32))
    assert info["served"] == 0
    again, _ = env.reset(seed=5)
    other, _ = env.reset(seed=6)
    assert (first == again).all()
    assert (first != other).any()
    assert env.observation_space.contains(first)


def test_workloads_of_other_cells_are_refused():
    env = MultiNodeEnv(network())
    with pytest.raises(ResetNeeded, match="step was called before reset"):
        env.step(np.zeros(3 * Q, dtype=np.float32))
    workload = draw_workload(network(), np.random.default_rng(0))
    with pytest.raises(ValueError, match="workload cell = 7: must be less than 3"):
        env.reset(options={"workload": replace(workload, cell=np.full_like(workload.cell, 7))})
    with pytest.raises(ValueError, match="workload cell has shape"):
        env.reset(options={"workload": replace(workload, cell=workload.cell[:-1])})
    heard = draw_workload(network(**OVERLAPPING), np.random.default_rng(0))
    with pytest.raises(ValueError, match="workload neighbour = 3: must be less than 3"):
        env.reset(options={"workload": replace(heard, neighbour=np.full_like(heard.neighbour, 3))})
    with pytest.raises(ValueError, match="workload neighbour: must go with all of"):
        env.reset(options={"workload": replace(heard, neighbour_uplink_gain=None)})
