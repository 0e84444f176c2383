"""Rules of placement: the loads that they choose, what they expect, and what that serves."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edge_llm_baselines.nodes.placement.forecasts import DemandTimesLife, Life, ToldTheOrder
from edge_llm_baselines.nodes.placement.greedy import loads_of, served_of
from edge_llm_baselines.nodes.placement.policy import (
    BEGINS,
    capacities_of,
    following_life,
    holdings_of,
    told_the_order,
)
from edge_llm_baselines.nodes.policy import GahPolicy
from edge_llm_baselines.playing.roll_out import roll_out, vector_of
from edge_llm_env import Scenario, draw_workloads, load_scenario
from edge_llm_env.envs.suite import MULTI_NODE


def placed(epochs: int) -> Scenario:
    """The preset, shorter."""
    return load_scenario("placement", **{"epoch.episode_epochs": epochs})


def plainly_served(demand: np.ndarray, held: list[int], lag: list[int], capacity: np.ndarray) -> float:
    """What modules serve when variant k serves class k alone."""
    rooms = np.zeros_like(demand)
    for module, variant in enumerate(held):
        rooms[lag[module] :, variant] += capacity[module, variant]
    return float(np.minimum(rooms, demand).sum())


def test_the_loads_chosen_are_the_best_single_ones_again_and_again():
    rng = np.random.default_rng(0)
    moved = 0
    for _ in range(60):
        demand = rng.integers(0, 12, (6, 4)).astype(float)
        held, lag = rng.integers(0, 4, 3), rng.integers(0, 3, 3)
        capacity, loading = rng.uniform(2.0, 8.0, (3, 4)), rng.integers(1, 4, (3, 4))
        least, node, serves = float(rng.choice([0.0, 3.0])), np.arange(3), np.eye(4, dtype=np.bool_)
        now = served_of(demand, held, lag, capacity, serves, np.zeros(4))
        assert now == pytest.approx(plainly_served(demand, held.tolist(), lag.tolist(), capacity))
        wanted = loads_of(demand, held, lag, node, loading, capacity, serves, least)
        expected, later = held.tolist(), lag.tolist()
        while True:
            base = plainly_served(demand, expected, later, capacity)
            tried = []
            for module, variant in product(range(3), range(4)):
                if lag[module] == 0 and expected[module] == held[module] and variant != held[module]:
                    there = [*expected[:module], variant, *expected[module + 1 :]]
                    ready = [*later[:module], int(loading[module, variant]), *later[module + 1 :]]
                    tried.append((plainly_served(demand, there, ready, capacity), there, ready))
            if not tried or max(tried)[0] <= base + least + 1e-12:
                break
            _, expected, later = max(tried)
        assert plainly_served(demand, wanted.tolist(), later, capacity) == pytest.approx(
            plainly_served(demand, expected, later, capacity)
        )
        moved += int((wanted != held).sum())
    assert moved > 10


def test_no_two_modules_of_a_node_come_to_hold_the_same():
    demand = np.zeros((4, 3))
    demand[:, 2] = 10.0
    serves = np.eye(3, dtype=np.bool_)
    held, lag = np.array([0, 1]), np.zeros(2, dtype=np.int64)
    capacity, loading = np.full((2, 3), 4.0), np.ones((2, 3), dtype=np.int64)
    one_node = loads_of(demand, held, lag, np.array([0, 0]), loading, capacity, serves, 0.0)
    two_nodes = loads_of(demand, held, lag, np.array([0, 1]), loading, capacity, serves, 0.0)
    assert sorted(one_node.tolist()) in ([0, 2], [1, 2])
    assert two_nodes.tolist() == [2, 2]


def test_demand_goes_on_until_its_phase_is_old():
    scenario = placed(4)
    env = vector_of(MULTI_NODE, scenario, draw_workloads(scenario, 2))
    env.reset(seed=0)
    simulation = env.unwrapped.simulation
    life = Life(np.zeros(2), np.zeros(2), np.array([6.0, np.inf]), np.array([True, False]))
    simulation.state.arrivals[:, 0] = 0.0
    simulation.state.arrivals[:, 0, 1, 3] = 8.0
    expected = DemandTimesLife(scenario, 2, life).expected(simulation, 5)
    assert expected.sum(axis=2) == pytest.approx(np.full((2, 5), 8.0))  # what ends is spread over all classes
    assert (np.diff(expected[0, :, 3]) < 0.0).all()
    alive = 1.0 / (1.0 + np.exp((4.0 + 16.0 - 6.0) / 5.0))  # at an age of 20 s, when 6 s are expected
    assert expected[0, 4, 3] == pytest.approx(8.0 * (alive + (1.0 - alive) / 6.0))
    assert expected[1, :, 3] == pytest.approx(8.0)
    env.close()


def test_who_is_told_the_order_expects_the_next_phase():
    scenario = placed(30)
    env = vector_of(MULTI_NODE, scenario, draw_workloads(scenario, 1))
    env.reset(seed=0)
    simulation = env.unwrapped.simulation
    mix = scenario.cells[0].workload.classes
    assert mix is not None
    after = int(mix.chain()[2].argmax())
    told = ToldTheOrder(scenario, 1)
    simulation.state.arrivals[:] = 0.0
    simulation.state.arrivals[0, 0, 0, 2] = 8.0
    for epoch in range(7):  # 28 s of a phase of 30 s
        simulation.state.counters[0, 6] = epoch
        expected = told.expected(simulation, 10)[0]
    others = [each for each in range(6) if each not in (2, after)]
    quiet = ToldTheOrder(scenario, 1)
    simulation.state.arrivals[:] = 0.0
    for epoch in range(7):
        simulation.state.counters[0, 6] = epoch
        usual = quiet.expected(simulation, 10)[0]
    gain = expected - usual
    assert gain[0, 2] > 0.0
    assert gain[6, after] > max(gain[6, each] for each in others)
    env.close()


def test_rules_serve_more_than_never_loading_and_the_same_alone_or_together():
    scenario = placed(60)
    workloads = draw_workloads(scenario, 3)
    never = roll_out(GahPolicy, MULTI_NODE, scenario, workloads).served
    told = roll_out(told_the_order, MULTI_NODE, scenario, workloads).served
    assert told.sum() > 1.1 * never.sum()
    numbers = np.array([BEGINS, [0.2, 1.0, 25.0, 0.0, 8.0, 8.0], BEGINS])
    together = roll_out(lambda env: following_life(env, numbers), MULTI_NODE, scenario, workloads).served
    alone = [
        int(roll_out(lambda env, one=one: following_life(env, one), MULTI_NODE, scenario, [workload]).served[0])
        for one, workload in zip(numbers, workloads, strict=True)
    ]
    assert together.tolist() == alone


def test_modules_and_capacities_are_those_of_the_nodes():
    scenario = placed(4)
    env = vector_of(MULTI_NODE, scenario, draw_workloads(scenario, 2))
    env.reset(seed=0)
    simulation = env.unwrapped.simulation
    held, lag = holdings_of(simulation)
    assert held.tolist() == [[0, 1, 2, 3]] * 2
    assert not lag.any()
    capacity, serves, loading = capacities_of(simulation)
    assert capacity.shape == (4, 6)
    assert (capacity > 1.0).all()
    assert (serves == np.eye(6, dtype=np.bool_)).all()
    assert (loading == 4).all()
    actions = np.zeros((2, *env.single_action_space.shape))
    actions[0, simulation.servers * simulation.slots + 5] = 1.0  # the first node loads the last variant
    env.step(actions)
    held, lag = holdings_of(simulation)
    assert held.tolist() == [[5, 1, 2, 3], [0, 1, 2, 3]]
    assert lag.tolist() == [[3, 0, 0, 0], [0, 0, 0, 0]]
    env.close()
    other = load_scenario("two-cells", **{"epoch.episode_epochs": 2})
    with pytest.raises(ValueError, match=r"network\.placement must be true"):
        roll_out(lambda env: following_life(env, BEGINS), MULTI_NODE, other, draw_workloads(other, 1))
