"""Networks whose nodes hold models, with a cloud: against plain Python, and what an action moves."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env import Scenario, draw_workload, load_scenario
from edge_llm_env.dynamics.state import EXPIRED, PENDING, REJECTED, SERVED
from edge_llm_env.envs.multi_node.environment import MultiNodeEnv
from edge_llm_env.envs.observation.layout import names
from tests.references.networks.plain_placement import PlainPlacement

Q, CLOUD = 8, {"backhaul_s": 0.02, "time_to_first_token_s": 2.0, "time_per_output_token_s": 0.1}


def scenario(**overrides: Any) -> Scenario:
    """The preset, small: two modules a node, and a dear and slow cloud whose band is narrow."""
    settings = {
        "epoch.visible_slots": Q,
        "epoch.episode_epochs": 10,
        "node.modules": 2,
        "node.batch_selection": "first_come_first_served",
        "workload.accuracy_requirement.high": 0.61,
        "radio.uplink_bandwidth_hz": 3e5,
        "network.history_epochs": 3,
        "network.backhaul_bits_per_s": 1e6,
        "network.cloud": CLOUD | {"price_per_token": 1e-4, "accuracy": 0.6},
        "network.cells.hospital.reward": {"expired": -0.3, "energy": -1e-4, "tokens": 0.01},
    }
    return load_scenario("placement", **(settings | overrides))


def random_action(rng: np.random.Generator) -> np.ndarray:
    """Bids of which a fifth are none, and wishes of which most are none."""
    bids = np.where(rng.random(5 * Q) < 0.2, -1.0, rng.integers(-1024, 1025, 5 * Q) / 1024.0)
    wishes = np.where(rng.random(4 * 6) < 0.6, 0.0, rng.integers(-64, 65, 4 * 6) / 64.0)
    return np.concatenate((bids, wishes))


def test_episodes_are_those_of_the_reference():
    env, rng = MultiNodeEnv(scenario()), np.random.default_rng(3)
    shown = {name: at for at, name in enumerate(names(env.mechanism.observation, env.scenario))}
    by_cloud, loads, hot = 0, 0, 0
    for seed in range(2):
        workload = draw_workload(env.scenario, np.random.default_rng(seed))
        reference = PlainPlacement(env.scenario, workload)
        observation, info = env.reset(options={"workload": workload})
        truncated = False
        while not truncated:
            assert {name: info[name] for name in reference.counters()} == reference.counters()
            held = [pair for of_node in reference.holdings() for pair in of_node]
            seen = [(observation[shown[f"hosts[{at}]"]], observation[shown[f"loads[{at}]"]]) for at in range(8)]
            np.testing.assert_allclose(seen, [((model + 1) / 6, left / 15.98936704) for model, left in held], atol=1e-6)
            arrivals = [count for counts in reference.arrivals(3) for count in counts]
            since = shown["arrivals[0]"]
            np.testing.assert_allclose(observation[since:], [min(1.0, one / 16.0) for one in arrivals], atol=1e-6)
            since_hot = [min(1.0, since_s / 128.0) for since_s in reference.hot_since_s]
            np.testing.assert_allclose(observation[since - 24 : since], since_hot, atol=1e-6)
            action = random_action(rng)
            values = (np.ceil((1.0 + action[: 5 * Q].reshape(5, Q)) * 512.0) / 1024.0).tolist()
            terms = reference.step(values, action[5 * Q :].reshape(4, 6).tolist())
            observation, reward, _, truncated, info = env.step(action)
            assert info["reward_terms"] == pytest.approx(terms, rel=1e-9, abs=1e-12)
            assert reward == pytest.approx(sum(terms.values()), rel=1e-9, abs=1e-12)
            loads += sum(left > 0 for _, left in held)
            hot += sum(0.0 < since_s < 100.0 for since_s in reference.hot_since_s)
        by_cloud += int((env.simulation.state.served_by[0] == 4).sum())
        assert min(info["served"], info["expired"], info["rejected"]) > 0
    assert min(by_cloud, loads, hot) > 3


def test_every_request_is_somewhere_at_every_step():
    env, rng = MultiNodeEnv(scenario()), np.random.default_rng(0)
    _, info = env.reset(seed=0)
    truncated = False
    while not truncated:
        *_, truncated, info = env.step(random_action(rng))
        status = env.simulation.state.status[0, : info["arrived"]]
        counted = {"pending": PENDING, "served": SERVED, "expired": EXPIRED, "rejected": REJECTED}
        assert {name: int((status == kind).sum()) for name, kind in counted.items()} == {n: info[n] for n in counted}
        assert sum(info[name] for name in counted) == info["arrived"]
        served_by = env.simulation.state.served_by[0, : info["arrived"]]
        assert ((served_by >= 0) == (status == SERVED)).all()


def test_wishes_of_zero_leave_models_where_they_are_and_the_best_is_loaded_first():
    env = MultiNodeEnv(scenario(**{"node.modules": 1, "network.cloud": None}))
    env.reset(seed=0)
    held = env.simulation.state.nodes.module_variant
    assert held[:, 0].tolist() == [0, 1, 2, 3]
    for small in (0.0, 0.5):
        env.step(np.full(env.action_space.shape, small))
        assert held[:, 0].tolist() == [0, 1, 2, 3]
    wishes = np.zeros((4, 6))
    wishes[0, [4, 5]] = 0.55, 0.6  # the larger
    wishes[1, [1, 4]] = 0.7, 0.6  # what is held is wished for more
    wishes[2, :] = -1.0  # nothing is wished for
    wishes[3, [0, 1]] = 0.75  # between equals the first
    env.step(np.concatenate((np.zeros(4 * Q), wishes.ravel())))
    assert held[:, 0].tolist() == [5, 1, 2, 0]
    left_s = env.simulation.state.nodes.module_ready_s[:, 0]
    np.testing.assert_allclose(left_s, [11.98936704, 0.0, 0.0, 11.98936704])


def test_nodes_that_load_serve_nobody():
    env = MultiNodeEnv(scenario(**{"node.modules": 1, "network.cloud": None}))
    env.reset(seed=0)
    for epoch in range(10):
        wishes = np.full((4, 6), -1.0)
        wishes[:, epoch % 2] = 1.0
        *_, info = env.step(np.concatenate((np.ones(4 * Q), wishes.ravel())))
        if epoch == 0:  # the first node holds what it wishes for, so it alone does not load
            first = info["served"]
    assert info["served"] == first


def test_rows_are_the_single_environment():
    given = scenario(**{"node.batch_selection": "exact"})
    rows = gym.make_vec("EdgeLLM/MultiNode-v0", num_envs=3, vectorization_mode="vector_entry_point", scenario=given)
    singles = [MultiNodeEnv(given) for _ in range(3)]
    observations, _ = rows.reset(seed=5)
    for row, env in enumerate(singles):
        assert (env.reset(seed=5 + row)[0] == observations[row]).all()
    rng = np.random.default_rng(0)
    for _ in range(10):
        actions = np.stack([random_action(rng) for _ in singles])
        observations, rewards, _, truncated, infos = rows.step(actions)
        for row, env in enumerate(singles):
            observation, reward, _, ends, info = env.step(actions[row])
            assert (observation == observations[row]).all()
            assert (reward, ends) == (rewards[row], truncated[row])
            assert info["served"] == infos["served"][row]
