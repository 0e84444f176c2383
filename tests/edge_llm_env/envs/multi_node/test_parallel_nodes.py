"""The form of a network with an agent for each node: PettingZoo's own tests, and the central form beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from edge_llm_env import Scenario, draw_workloads, load_scenario, parallel_env
from edge_llm_env.envs.multi_node.environment import MultiNodeEnv
from edge_llm_env.envs.multi_node.parallel import ParallelNodes

OLD_IMPORTS = pytest.mark.filterwarnings("ignore:The old environment creation API:DeprecationWarning")
"""`pettingzoo.test` imports a game in the way that PettingZoo itself warns of."""

PRESETS = ("two-cells", "edge-cloud", "placement")


def short(preset: str, epochs: int = 5) -> Scenario:
    """A preset of few slots and epochs, in which requests expire at a price."""
    return load_scenario(preset, **{"epoch.episode_epochs": epochs, "epoch.visible_slots": 12, "reward.expired": -0.25})


@OLD_IMPORTS
@pytest.mark.parametrize("preset", PRESETS)
def test_pettingzoos_own_tests_pass(preset: str, capsys: pytest.CaptureFixture[str]):
    from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test
    from pettingzoo.utils import parallel_to_aec

    def make() -> ParallelNodes:
        return parallel_env(short(preset), rewards="individual")

    parallel_api_test(make(), num_cycles=20)
    parallel_seed_test(make, num_cycles=10)
    api_test(parallel_to_aec(make()), num_cycles=20)
    assert "Passed" in capsys.readouterr().out


def drawn(env: ParallelNodes, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Actions of all agents, of whose bids a quarter are none; few wishes, as who always loads serves nobody."""
    actions = {agent: rng.uniform(-1.0, 1.0, env.action_space(agent).shape) for agent in env.agents}  # type: ignore[arg-type]
    for one in actions.values():
        one[rng.random(len(one)) < 0.25] = -1.0
        if env.scenario.network is not None and env.scenario.network.placement:
            one[-len(env.scenario.cells[0].variants) :] *= rng.random() < 0.1
    return actions


def whole_of(env: ParallelNodes, central: MultiNodeEnv, actions: dict[str, np.ndarray]) -> np.ndarray:
    """The central action of those of agents, put together entry by entry."""
    simulation, slots, nodes = central.simulation, central.simulation.slots, len(env.possible_agents)
    whole = [actions[agent][:slots] for agent in env.agents]
    if simulation.servers > nodes:
        bids = np.full(slots, -1.0)
        for at, request in enumerate(simulation.shown(nodes).tolist()):
            cell = int(simulation.state.cell[0, request])
            own = simulation.shown(cell).tolist()
            if request in own:
                bids[at] = actions[env.agents[cell]][slots + own.index(request)]
        whole.append(bids)
    rest = len(actions[env.agents[0]]) - slots * (2 if simulation.servers > nodes else 1)
    return np.concatenate([*whole, *(actions[agent][len(actions[agent]) - rest :] for agent in env.agents)])


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("rewards", ["shared", "individual"])
def test_it_steps_the_same_dynamics(preset: str, rewards: str):
    scenario = short(preset)
    env, central = parallel_env(scenario, rewards=rewards), MultiNodeEnv(scenario)
    rng = np.random.default_rng(0)
    workload = draw_workloads(scenario, 1)[0]
    for options in ({"workload": workload}, None):
        env.reset(seed=4, options=options)
        state, _ = central.reset(seed=4, options=options)
        assert env.agents == env.possible_agents
        while env.agents:
            assert (env.state() == state).all()
            actions = drawn(env, rng)
            agents, whole = env.agents, whole_of(env, central, actions)
            seen, rewarded, terminated, truncated, infos = env.step(actions)
            state, reward, _, ends, info = central.step(whole)
            assert (env.state() == state).all()
            if rewards == "shared":
                assert set(rewarded.values()) == {reward}
            else:
                assert sum(rewarded.values()) == pytest.approx(reward, rel=1e-9, abs=1e-9)
            assert not any(terminated.values())
            assert set(truncated.values()) == {ends}
            assert infos[agents[0]]["network"]["reward_terms"] == info["reward_terms"]
            served_by = central.simulation.state.served_by[0]
            assert [infos[agent]["served"] for agent in agents] == [
                (served_by == node).sum() for node in range(len(agents))
            ]
            assert all(env.observation_space(agent).contains(seen[agent]) for agent in agents)
        assert env.state_space.contains(env.state())
        assert info["served"] > 0
        assert info["expired"] > 0


def entry(scenario: Scenario, name: str) -> int:
    """Where the observation of the whole has an entry."""
    from edge_llm_env.envs.multi_node.observation import OBSERVATION
    from edge_llm_env.envs.observation.layout import names

    return names(OBSERVATION, scenario).index(name)


def test_no_step_without_agents_and_infos_of_their_own():
    env = parallel_env(short("two-cells", epochs=1))
    with pytest.raises(ResetNeeded, match="call reset first"):
        env.step({})
    _, infos = env.reset(seed=0)
    one, other = (infos[agent]["network"] for agent in env.agents[:2])
    one["action_mask"][:] = False
    one["reward_terms"]["mine"] = 1.0
    assert other["action_mask"].any()
    assert "mine" not in other["reward_terms"]
    env.step(drawn(env, np.random.default_rng(0)))
    with pytest.raises(ResetNeeded, match="after the end"):
        env.step({})


def test_agents_see_their_own_and_hear_from_others():
    scenario = short("placement")
    env, silent = parallel_env(scenario), parallel_env(scenario, messages=False)
    seen, _ = env.reset(seed=1)
    quiet, _ = silent.reset(seed=1)
    rng = np.random.default_rng(0)
    for _ in range(4):
        actions = drawn(env, rng)
        seen, *_ = env.step(actions)
        quiet, *_ = silent.step(actions)
    nodes, variants = 4, 6
    heard = (nodes - 1) * (2 + 2 * variants)
    for node, agent in enumerate(env.possible_agents):
        assert (seen[agent][-nodes:] == np.eye(nodes)[node]).all()
        assert (quiet[agent] == np.delete(seen[agent], np.s_[-nodes - heard : -nodes])).all()
        others = [other for other in range(nodes) if other != node]
        messages = seen[agent][-nodes - heard : -nodes].reshape(nodes - 1, -1)
        whole = env.state()
        visible = entry(scenario, "visible[0]")
        context = entry(scenario, "batch_size[1]") - entry(scenario, "batch_size[0]")
        assert (messages[:, 0] == whole[[visible + other * context for other in others]]).all()
        holds = entry(scenario, "modules[0]")
        for at, other in enumerate(others):
            first = holds + other * 2 * variants
            assert (messages[at, 2:] == whole[first : first + 2 * variants]).all()
            assert messages[at, 2::2].sum() == 1.0  # one module holds one variant


def test_agents_see_nothing_of_other_cells():
    scenario = short("two-cells")
    env = parallel_env(scenario, messages=False)
    env.reset(seed=0)
    views, whole = env._views, env.state()
    before = views.observations(whole[None])[0]
    for at in range(len(whole)):
        other = whole.copy()
        other[at] += 1.0
        changed = (views.observations(other[None])[0] != before).any(axis=1)
        assert changed.sum() == 1  # every entry is of one node, and of one alone


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda env: parallel_env("two-cells", rewards="own"), "rewards = 'own'"),
        (lambda env: env.action_space("node_9"), "agent = 'node_9'"),
        (lambda env: env.step({"node_0": np.zeros(24)}), "actions = .*must be of the agents node_0, node_1"),
        (lambda env: env.step({"node_0": np.zeros(12), "node_1": np.full(12, 2.0)}), "every entry must be in -1..1"),
    ],
)
def test_what_is_no_action_is_refused(fault: Callable[[Any], Any], message: str):
    env = parallel_env(short("two-cells"))
    env.reset(seed=0)
    with pytest.raises(ValueError, match=message):
        fault(env)


def test_it_goes_on_after_close():
    closed, other = parallel_env(short("two-cells")), parallel_env(short("two-cells"))
    for env in (closed, other):
        env.reset(seed=0)
    for epoch in range(4):
        closed.close()
        seen, earned, *_ = closed.step(drawn(closed, np.random.default_rng(epoch)))
        expected, paid, *_ = other.step(drawn(other, np.random.default_rng(epoch)))
        assert earned == paid
        assert all((seen[agent] == expected[agent]).all() for agent in expected)
    closed.close()
    assert closed.reset(seed=1)[0].keys() == set(closed.possible_agents)


def test_what_is_no_dictionary_is_refused():
    env = parallel_env(short("two-cells"))
    with pytest.raises(TypeError, match=r"options = \['workload'\]: must be a dictionary or None"):
        env.reset(options=["workload"])  # type: ignore[arg-type]
    env.reset(seed=0)
    with pytest.raises(TypeError, match="actions = 3: must be a dictionary, an action for each agent"):
        env.step(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"actions = \[1, 'node_0'\]: must be of the agents node_0, node_1"):
        env.step({1: np.zeros(3), "node_0": np.zeros(3)})  # type: ignore[dict-item]
