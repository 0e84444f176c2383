"""Agents of networks as rows: the same as PettingZoo's form, and one policy that learns for all."""

from __future__ import annotations

import numpy as np
import pytest
from stable_baselines3 import PPO

from edge_llm_agents.adapters.node_agents_vec_env import NodeAgentsVecEnv
from edge_llm_env import Scenario, draw_workloads, load_scenario, parallel_env

EPOCHS, NETWORKS = 3, 2


def short(preset: str) -> Scenario:
    """A preset of few slots and epochs, in which requests expire at a price."""
    return load_scenario(preset, **{"epoch.episode_epochs": EPOCHS, "epoch.visible_slots": 8, "reward.expired": -0.25})


@pytest.mark.parametrize("preset", ["edge-cloud", "placement"])
@pytest.mark.parametrize("rewards", ["shared", "individual"])
def test_rows_are_the_agents_of_the_parallel_form_beyond_an_episode(preset: str, rewards: str):
    scenario = short(preset)
    rows = NodeAgentsVecEnv(NETWORKS, scenario, rewards=rewards, reward_scale=0.5)
    singles = [parallel_env(scenario, rewards=rewards) for _ in range(NETWORKS)]
    rows.seed(3)
    seen = rows.reset()
    begun = [single.reset(seed=3 + network)[0] for network, single in enumerate(singles)]
    rng, returns = np.random.default_rng(0), np.zeros(rows.num_envs)
    assert (seen == [one[agent] for one in begun for agent in one]).all()
    for epoch in range(2 * EPOCHS):
        actions = rng.uniform(-1.0, 1.0, (rows.num_envs, *rows.action_space.shape)).astype(np.float32)  # type: ignore[misc]
        seen, earned, done, infos = rows.step(actions)
        last = epoch % EPOCHS == EPOCHS - 1
        assert (done == last).all()
        for network, single in enumerate(singles):
            own = slice(network * rows.nodes, (network + 1) * rows.nodes)
            observations, paid, _, _, whole = single.step(dict(zip(single.agents, actions[own], strict=True)))
            assert earned[own] == pytest.approx([0.5 * one for one in paid.values()])
            returns[own] += list(paid.values())
            if last:
                for row, agent in zip(range(own.start, own.stop), observations, strict=True):
                    assert (infos[row]["terminal_observation"] == observations[agent]).all()
                    assert infos[row]["episode"].pop("t") >= 0
                    assert infos[row]["episode"] == {"r": pytest.approx(returns[row]), "l": EPOCHS}
                    assert infos[row]["served"] == whole[agent]["network"]["served"]
                returns[own] = 0.0
                observations, _ = single.reset()
            assert (seen[own] == list(observations.values())).all()
    rows.close()


def test_options_hold_for_the_next_reset_and_no_other():
    scenario = short("two-cells")
    workload = draw_workloads(scenario, 1, seed=7)[0]
    rows, single = NodeAgentsVecEnv(NETWORKS, scenario), parallel_env(scenario)
    rows.seed(0)
    rows.set_options({"workload": workload})
    seen = rows.reset()
    begun, infos = single.reset(options={"workload": workload})
    for network in range(NETWORKS):
        assert (seen[network * rows.nodes : (network + 1) * rows.nodes] == list(begun.values())).all()
    assert [info["arrived"] for info in rows.reset_infos] == [infos["node_0"]["network"]["arrived"]] * rows.num_envs
    assert not np.array_equal(rows.reset(), seen)
    rows.set_options([{"workload": workload}] + [{}] * (rows.num_envs - 1))
    with pytest.raises(ValueError, match="options of row 1: must have the workload of the other rows of its network"):
        rows.reset()
    rows.set_options({"wrkload": workload})
    with pytest.raises(ValueError, match="options = 'wrkload': must be one of workload"):
        rows.reset()


def test_it_goes_on_from_its_state():
    scenario, rng = short("two-cells"), np.random.default_rng(0)
    rows, other = NodeAgentsVecEnv(NETWORKS, scenario), NodeAgentsVecEnv(NETWORKS, scenario)
    rows.seed(1)
    rows.reset()
    actions = [rng.uniform(-1.0, 1.0, (rows.num_envs, *rows.action_space.shape)) for _ in range(2 * EPOCHS)]  # type: ignore[misc]
    rows.step(actions[0])
    other.reset()
    other.restore(rows.state())
    for action in actions[1:]:
        mine, theirs = rows.step(action), other.step(action)
        for one, another in zip(mine[:3], theirs[:3], strict=True):
            assert (one == another).all()
        assert [info.get("episode", {}).get("r") for info in mine[3]] == [
            info.get("episode", {}).get("r") for info in theirs[3]
        ]


def test_actions_of_another_shape_are_named():
    rows = NodeAgentsVecEnv(NETWORKS, short("two-cells"))
    rows.reset()
    with pytest.raises(ValueError, match=r"action of shape \(4, 3\) and dtype float64: must be numbers of shape"):
        rows.step(np.zeros((4, 3)))


def test_one_policy_is_trained_for_all_agents():
    rows = NodeAgentsVecEnv(NETWORKS, short("two-cells"))
    model = PPO("MlpPolicy", rows, n_steps=8, batch_size=16, n_epochs=1, seed=0)
    before = [parameter.detach().clone() for parameter in model.policy.parameters()]
    model.learn(64)
    assert any((one != two).any() for one, two in zip(before, model.policy.parameters(), strict=True))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"networks": 0}, r"networks = 0: must be in 1\.\.16777216"),
        ({"networks": 2**70}, r"networks = 1180591620717411303424: must be in 1\.\."),
        ({"networks": 2, "rewards": "mine"}, "rewards = 'mine': must be one of individual, shared"),
    ],
)
def test_misuse_is_one_line(options: dict, line: str):
    with pytest.raises(ValueError, match=line):
        NodeAgentsVecEnv(**options)


def test_rows_share_attributes_and_answer_for_those_asked():
    rows = NodeAgentsVecEnv(1, short("two-cells"))
    assert rows.get_attr("scenario", 0) == [rows.env.scenario]
    assert not rows.has_attr("nonsense")
    for misuse in (lambda: rows.set_attr("x", 1, [0]), lambda: rows.get_attr("scenario", 99)):
        with pytest.raises(ValueError, match="indices"):
            misuse()
