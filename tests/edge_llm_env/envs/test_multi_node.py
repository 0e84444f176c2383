"""The central form of a network: one node against `BatchSelection-v0`, several against plain Python."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from edge_llm_baselines import OracleDecoding
from edge_llm_env import Scenario
from edge_llm_env.envs.multi_node.environment import MultiNodeEnv
from edge_llm_env.nodes.network import Network
from edge_llm_env.nodes.workload import NetworkWorkload, draw_network_workload
from tests.references.plain_network import PlainNetwork
from tests.support.helpers import small_scenario

Q = 5


def cell(rate_per_s: float, **overrides: object) -> Scenario:
    """A cell in which several requests compete and some expire."""
    settings = {"epoch__visible_slots": Q, "epoch__episode_epochs": 6, "workload__arrivals__rate_per_s": rate_per_s}
    return small_scenario(**settings, **overrides)


def network(backhaul_s: float = 0.05) -> Network:
    """Three cells: a busy one, one whose node is half as fast and accurate, and one in which hardly anybody is."""
    weak = {"node__modules": 10, "node__precision": "w4a16-gptq", "reward__expired": -0.25, "reward__tokens": 0.001}
    return Network((cell(6.0), cell(2.0, **weak), cell(0.5)), backhaul_s)


def bids(rng: np.random.Generator, nodes: int) -> np.ndarray:
    """Bids of which a quarter are none."""
    drawn = rng.integers(-1024, 1025, nodes * Q)
    return np.where(rng.random(nodes * Q) < 0.25, -1.0, drawn / 1024.0).astype(np.float32)


def test_one_node_is_batch_selection_behind_oracle_decoding():
    scenario = cell(6.0, reward__expired=-0.1, reward__energy=-1e-5)
    one = MultiNodeEnv(Network((scenario,), 0.03))
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
            assert {name: info[name] for name in ("energy_j", "reward_terms")} == {
                name: told[name] for name in ("energy_j", "reward_terms")
            }
            counted = ("arrived", "served", "expired", "rejected", "pending", "epochs")
            assert {name: info[name] for name in counted} == {name: told[name] for name in counted}


@pytest.mark.parametrize("backhaul_s", [0.0, 0.3])
def test_episodes_are_those_of_the_reference(backhaul_s: float):
    cells, rng = network(backhaul_s), np.random.default_rng(1)
    env = MultiNodeEnv(cells)
    away, shared = 0, 0
    for seed in range(2):
        workload = draw_network_workload(cells, np.random.default_rng(seed))
        reference = PlainNetwork(cells, workload)
        observation, info = env.reset(options={"workload": workload})
        truncated = False
        while not truncated:
            for at, node in enumerate(reference.nodes):
                seen = observation.reshape(3, -1)[at]
                assert seen[8] * Q == pytest.approx(len(node.visible))
                slots = [list(slot.values()) for slot in node.slots()] if node.visible else np.zeros((Q, 10))
                np.testing.assert_allclose(seen[10:].reshape(Q, -1), slots, atol=1e-5)
            shown = [{request.index for request in node.visible} for node in reference.nodes]
            shared += len(shown[0] & shown[1] & shown[2]) > 0
            action = bids(rng, 3)
            observation, reward, _, truncated, info = env.step(action)
            node_of = info["node_of"].tolist()
            values = (np.ceil((1.0 + action.astype(float).reshape(3, Q)) * 512.0) / 1024.0).tolist()
            reference.most_in_turn(values, node_of)
            away += sum(node not in (-1, sent_in) for node, sent_in in zip(node_of, workload.cell, strict=True))
            terms = reference.step(node_of)
            assert info["reward_terms"] == pytest.approx(terms, rel=1e-9, abs=1e-12)
            assert reward == pytest.approx(sum(terms.values()), rel=1e-9, abs=1e-12)
            assert {name: info[name] for name in reference.counters()} == reference.counters()
            assert sum(info["served_by_node"]) == info["served"]
        assert info["expired"] > 0
    assert away > 5
    assert shared > 5


def test_nobody_is_served_elsewhere_when_the_backhaul_takes_too_long():
    cells = network(10.0)
    env, rng = MultiNodeEnv(cells), np.random.default_rng(0)
    workload = draw_network_workload(cells, rng)
    env.reset(options={"workload": workload})
    truncated, served = False, 0
    while not truncated:
        *_, truncated, info = env.step(np.ones(3 * Q, dtype=np.float32))
        at = np.flatnonzero(info["node_of"] >= 0)
        assert (info["node_of"][at] == workload.cell[at]).all()
        served += len(at)
    assert served == info["served"] > 0


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


def test_what_is_no_action_and_no_workload_is_refused():
    env = MultiNodeEnv(network())
    with pytest.raises(ResetNeeded, match="step was called before reset"):
        env.step(np.zeros(3 * Q, dtype=np.float32))
    with pytest.raises(TypeError, match=r"options\['workload'\] = 3: must be a NetworkWorkload"):
        env.reset(options={"workload": 3})
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"action of shape \(15, 1\): must have shape \(15,\)"):
        env.step(np.zeros((15, 1)))
    for bid in (1.5, -1.01, np.nan):
        with pytest.raises(ValueError, match="every bid must be between -1 and 1"):
            env.step(np.full(15, bid))
    with pytest.raises(ValueError, match="must be numbers"):
        env.step("all")  # type: ignore[arg-type]
    workload = draw_network_workload(network(), np.random.default_rng(0))
    with pytest.raises(ValueError, match="workload cell = 7: must be less than 3"):
        env.reset(options={"workload": NetworkWorkload(workload.requests, np.full_like(workload.cell, 7))})
    with pytest.raises(ValueError, match="workload cell has shape"):
        env.reset(options={"workload": NetworkWorkload(workload.requests, workload.cell[:-1])})
