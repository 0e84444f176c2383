"""Placement by agents of their own: what they learn from their own observations, and that it is all they go by."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from edge_llm_agents.placement.decentral import DecentralPlacement, fit_decentral
from edge_llm_agents.placement.fitting import PlacementSettings, examples
from edge_llm_agents.placement.own_view import Memory, OwnView, with_elsewhere
from edge_llm_baselines.nodes.placement.policy import capacities_of, holdings_of
from edge_llm_baselines.playing.roll_out import roll_out, vector_of
from edge_llm_env import Scenario, draw_workloads, load_scenario
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.workload.workload import Workload
from experiments.learning.networks.decentral import decentral_runs, decentral_table

QUICK = PlacementSettings(episodes=2, steps=30, batch_size=32, width=16, tuning_episodes=1)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("placement", **{"epoch.episode_epochs": 24})


@pytest.fixture(scope="module")
def learned(scenario: Scenario) -> DecentralPlacement:
    return fit_decentral(scenario, QUICK)


def watched(scenario: Scenario, workload: Workload) -> Iterator[tuple[NetworkSimulation, OwnView, np.ndarray, Memory]]:
    """Every moment of an episode in which nodes now and then load something: what agents see, and remember."""
    env = vector_of(MULTI_NODE, scenario, [workload])
    simulation = env.unwrapped.simulation
    view = OwnView(simulation, capacities_of(simulation)[2])
    memory, rng = view.nothing(1), np.random.default_rng(0)
    observation, _ = env.reset(options={"workloads": [workload]})
    for _ in range(scenario.epoch.episode_epochs - 1):
        seen = view.agents.observations(observation)
        memory = view.remembered(seen, memory)
        yield simulation, view, seen, memory
        action = np.zeros(env.action_space.shape)
        wishes = action[0, -24:].reshape(4, 6)
        if rng.random() < 0.3:
            wishes[rng.integers(4), rng.integers(6)] = 1.0
        observation, *_ = env.step(action)
    env.close()


def test_agents_count_what_arrives_elsewhere_and_follow_what_others_hold(scenario: Scenario):
    workload = draw_workloads(scenario, 1)[0]
    fitted = with_elsewhere(examples(scenario, [workload])[0])
    assert workload.cell is not None
    loads, full = 0, False
    for moment, (simulation, view, seen, memory) in enumerate(watched(scenario, workload)):
        full |= bool((memory.kind[0] >= 0).all(axis=1).any())  # whom no slot shows is counted later
        arrived_s = workload.arrival_s
        now = (arrived_s >= 4.0 * moment) & (arrived_s < 4.0 * (moment + 1))
        for node in range(4):
            away = np.bincount(workload.request_class[now & (workload.cell != node)], minlength=6)
            assert full or memory.elsewhere[0, node, 0] == pytest.approx(away, abs=1e-3), (moment, node)
        if moment < len(fitted):
            np.testing.assert_allclose(view.inputs(seen, memory)[0], fitted[moment], atol=1e-5)
        held, lag = holdings_of(simulation)
        known = view.holdings(seen, memory)
        assert (known.held[0] == held[0]).all()
        assert (known.lag[0] == lag[0]).all(), moment
        loads += int((lag > 0).sum())
        assert moment > 8 or not full
    assert loads > 10


def test_an_agent_goes_by_what_it_sees_alone(scenario: Scenario, learned: DecentralPlacement):
    env = vector_of(MULTI_NODE, scenario, workloads := draw_workloads(scenario, 1))
    agents = OwnView(env.unwrapped.simulation, capacities_of(env.unwrapped.simulation)[2]).agents
    sixth = learned.arrays["bias2"] + 3.0 * (np.arange(learned.arrays["bias2"].shape[1]) % 6 == 5)
    policy = DecentralPlacement(learned.arrays | {"bias2": sixth}, 8, 0.0, scenario).acting(env)
    observation, _ = env.reset(options={"workloads": workloads})
    state, moved = None, 0
    for _ in range(8):
        action, after = policy.predict(observation, state)
        for node in range(4):
            mine = set(np.flatnonzero(sees(agents, observation.shape[1], node)))
            hidden = [at for at in range(observation.shape[1]) if at not in mine]
            other = observation.copy()
            other[:, hidden] = np.random.default_rng(node).random(len(hidden), dtype=np.float32)
            wished = policy.predict(other, state)[0][0, -24:].reshape(4, 6)
            assert (wished[node] == action[0, -24:].reshape(4, 6)[node]).all()
        moved += int((action[0, -24:] > 0.5).sum())
        state = after
        observation, *_ = env.step(action)
    env.close()
    assert moved


def sees(agents: object, length: int, node: int) -> np.ndarray:
    """Which entries of the whole an agent's observation has."""
    whole = np.zeros((length, length), dtype=np.float32)
    np.fill_diagonal(whole, 1.0)
    nodes = agents.nodes  # type: ignore[attr-defined]
    seen = agents.observations(whole)[:, node, :-nodes]  # type: ignore[attr-defined]
    found: np.ndarray = seen.any(axis=1)
    return found


def test_it_acts_alike_alone_and_together(scenario: Scenario, learned: DecentralPlacement):
    workloads = draw_workloads(scenario, 2)
    together = roll_out(learned.acting, MULTI_NODE, scenario, workloads).served
    alone = [int(roll_out(learned.acting, MULTI_NODE, scenario, [one]).served[0]) for one in workloads]
    assert together.tolist() == alone


def test_it_is_held_against_the_policy_that_sees_all(scenario: Scenario, learned: DecentralPlacement):
    (run,) = decentral_runs(learned, scenario, QUICK, (0,), episodes=2)
    assert run["percent_of_central"]["mean"] == pytest.approx(100.0)
    assert run["percent_of_never_loading"]["low"] <= run["percent_of_never_loading"]["mean"]
    assert decentral_table({"runs": [run]}).rows[0][0] == "0"


def test_arrays_of_other_sizes_are_refused(scenario: Scenario, learned: DecentralPlacement):
    with pytest.raises(ValueError, match="its weight0 is of shape"):
        DecentralPlacement(learned.arrays | {"weight0": learned.arrays["weight1"]}, 8, 1.0, scenario)
