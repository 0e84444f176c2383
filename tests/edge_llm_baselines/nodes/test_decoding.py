"""Branch and price as the decoding of several nodes, single and vector."""

from __future__ import annotations

import copy
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines.assignment.every_assignment import EveryAssignment
from edge_llm_baselines.assignment.networks import problem_of_network
from edge_llm_baselines.nodes.decoding import ExactDecoding, VectorExactDecoding
from edge_llm_env import Scenario, load_scenario
from edge_llm_env.nodes.simulation import NetworkSimulation
from tests.support.helpers import assert_same, small_scenario

Q = 5


def network() -> Scenario:
    """Two cells, so small that every assignment can be tried, of which one node is half as fast."""
    cells = {"busy": {}, "calm": {"node": {"modules": 8}, "workload": {"arrivals": {"rate_per_s": 1.0}}}}
    few = {"epoch__visible_slots": Q, "node__modules": 10, "workload__arrivals__rate_per_s": 6.0}
    return small_scenario(network__cells=cells, network__backhaul_s=0.05, **few)


def placed(**overrides: Any) -> Scenario:
    """The preset, small: prompts and answers so long that a node serves one or two, by any of three models."""
    classes = ("code", "extraction", "law", "medicine", "summaries", "translation")
    model = {"decoder": "llama-3.2-1b", "precision": "w16a16", "accuracies": dict.fromkeys(classes, 0.6)}
    few = {
        "epoch.visible_slots": Q,
        "epoch.episode_epochs": 6,
        "node.engine_start_s": 2.9,
        "node.variants": [{"name": name} | model for name in ("one", "two", "three")],
        "workload.prompt_tokens": [4096],
        "workload.output_tokens": [64, 128, 256],
    }
    return load_scenario("placement", **(few | overrides))


def made(scenario: Scenario) -> gym.Env:
    """The environment without checkers, which would be copied as well."""
    return gym.make("EdgeLLM/MultiNode-v0", scenario=scenario, disable_env_checker=True)


def random_bids(rng: np.random.Generator, env: gym.Env) -> np.ndarray:
    """An action, of which a quarter of the entries is -1."""
    drawn = rng.integers(-1024, 1025, env.action_space.shape) / 1024.0
    return np.where(rng.random(drawn.shape) < 0.25, -1.0, drawn).astype(np.float32)


def values_of(env: gym.Env, action: np.ndarray) -> np.ndarray:
    """What bids say that requests in slots are worth, (S, Q)."""
    simulation: NetworkSimulation = env.unwrapped.simulation
    bids = action[: simulation.servers * Q].astype(np.float64).reshape(simulation.servers, Q)
    return np.ceil((1.0 + bids) * 512.0) / 1024.0


def gained(env: gym.Env, action: np.ndarray, played: np.ndarray) -> float:
    """What is served when an action is played, at what the bids of another say that it is worth."""
    simulation: NetworkSimulation = env.unwrapped.simulation
    values, shown = values_of(env, action), [simulation.shown(at).copy() for at in range(simulation.servers)]
    before = simulation.state.served_by[0].copy()
    env.step(played)
    served_by = np.where(before < 0, simulation.state.served_by[0], -1)
    return float(
        sum(values[at, slot] for at, of in enumerate(shown) for slot, one in enumerate(of) if served_by[one] == at)
    )


def test_bids_are_decoded_into_a_most_valuable_assignment():
    env, rng, better = ExactDecoding(made(network())), np.random.default_rng(0), 0
    for seed in range(3):
        env.reset(seed=seed)
        truncated = False
        while not truncated:
            action = random_bids(rng, env)
            best = EveryAssignment().solve(problem_of_network(env.unwrapped.simulation, values_of(env, action)))
            by_gah = gained(copy.deepcopy(env).env, action, action)
            assert gained(copy.deepcopy(env), action, action) == best.value >= by_gah
            better += best.value > by_gah
            *_, truncated, _ = env.step(action)
    assert better > 0


def test_wishes_come_first_and_are_left_to_the_environment():
    env, rng, better = ExactDecoding(made(placed())), np.random.default_rng(1), 0
    nodes, loads = env.unwrapped.simulation.state.nodes, 0
    for seed in range(3):
        env.reset(seed=seed)
        truncated = False
        while not truncated:
            action = random_bids(rng, env)
            action[4 * Q :] = np.where(rng.random(12) < 0.1, 1.0, 0.0)
            held, ready_s = nodes.module_variant.copy(), nodes.module_ready_s.copy()
            decoded = env.action(action)
            assert (nodes.module_variant == held).all()
            assert (nodes.module_ready_s == ready_s).all()
            assert (decoded[4 * Q :] == action[4 * Q :]).all()
            by_gah = gained(copy.deepcopy(env).env, action, action)
            exact = gained(copy.deepcopy(env), action, action)
            assert exact == values_of(env, action)[decoded[: 4 * Q].reshape(4, Q) > 0.0].sum() >= by_gah
            better += exact > by_gah
            *_, truncated, _ = env.step(action)
            loads += int((nodes.module_variant != held).sum())
    assert better > 0
    assert loads > 3


def test_rows_are_single_environments():
    scenario, rng = network(), np.random.default_rng(2)
    rows = VectorExactDecoding(
        gym.make_vec("EdgeLLM/MultiNode-v0", 3, vectorization_mode="vector_entry_point", scenario=scenario)
    )
    alone = [ExactDecoding(made(scenario)) for _ in range(3)]
    seen, _ = rows.reset(seed=[0, 1, 2])
    assert_same(seen, np.stack([env.reset(seed=at)[0] for at, env in enumerate(alone)]))
    for _ in range(scenario.epoch.episode_epochs):
        actions = np.stack([random_bids(rng, env) for env in alone])
        seen, rewards, _, truncated, _ = rows.step(actions)
        stepped = [env.step(action) for env, action in zip(alone, actions, strict=True)]
        assert rewards.tolist() == [one[1] for one in stepped]
        if not truncated.any():
            assert_same(seen, np.stack([one[0] for one in stepped]))


def test_what_cannot_be_decoded_is_refused():
    with pytest.raises(ValueError, match=r"node.modules = 2: must be 1 where models are placed"):
        ExactDecoding(made(placed(**{"node.modules": 2})))
    with pytest.raises(ValueError, match="must be EdgeLLM/MultiNode-v0"):
        ExactDecoding(gym.make("EdgeLLM/BatchSelection-v0"))
    with pytest.raises(ValueError, match="node_limit = 0"):
        ExactDecoding(made(network()), node_limit=0)
    with pytest.raises(ValueError, match="native vector form"):
        VectorExactDecoding(gym.make_vec("EdgeLLM/BatchSelection-v0", 2, vectorization_mode="vector_entry_point"))
