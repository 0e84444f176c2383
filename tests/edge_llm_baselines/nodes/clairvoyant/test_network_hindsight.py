"""Hindsight of several nodes: bound, schedule and rule in order, and the optimum of tiny episodes between them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from edge_llm_baselines.assignment.networks import bids_for, requests_in_slots
from edge_llm_baselines.hindsight.episode import NEVER
from edge_llm_baselines.hindsight.exact_hindsight import ExactHindsight
from edge_llm_baselines.hindsight.forward_schedule import forward_schedule
from edge_llm_baselines.nodes.clairvoyant.bound import descend
from edge_llm_baselines.nodes.clairvoyant.episode import NetworkEpisode
from edge_llm_baselines.nodes.clairvoyant.exchanges import exchanged
from edge_llm_baselines.nodes.clairvoyant.hindsight import network_hindsight
from edge_llm_baselines.nodes.clairvoyant.holdings import planned, replanned
from edge_llm_baselines.nodes.clairvoyant.replay import Replayed, replayed
from edge_llm_baselines.nodes.clairvoyant.servers import PlacingServer
from edge_llm_baselines.nodes.placement.policy import BEGINS, following_life, told_the_order
from edge_llm_baselines.nodes.policy import GahPolicy, NetworkPolicy
from edge_llm_baselines.nodes.rules import joint_optimum, least_loaded, nearest_node
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.networks import OF_NETWORKS
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.solvers.branch_and_bound import BranchAndBound
from edge_llm_env import Scenario, Workload, draw_workloads, load_scenario
from edge_llm_env.envs.multi_node.environment import MultiNodeEnv
from edge_llm_env.envs.suite import MULTI_NODE
from tests.support.helpers import small_scenario

RULES = [
    GahPolicy,
    *(partial(NetworkPolicy, rule) for rule in (nearest_node, least_loaded, joint_optimum)),
]


def network(epochs: int, load: float, **overrides: object) -> Scenario:
    """Two cells, of which one has most of the requests and the other hardware that is half as fast."""
    cells = {
        "busy": {"workload": {"arrivals": {"rate_per_s": load}}},
        "half": {"workload": {"arrivals": {"rate_per_s": load / 4}}, "node": {"modules": 10}},
    }
    few = {"epoch__visible_slots": 8, "epoch__episode_epochs": epochs}
    return small_scenario(network__cells=cells, network__backhaul_s=0.05, **few, **overrides)


CLOUD = {
    "backhaul_s": 0.02,
    "time_to_first_token_s": 0.3,
    "time_per_output_token_s": 0.001,
    "price_per_token": 0.0,
}


OVERLAPPING = {"network__sites_m": [[0.0, 0.0], [500.0, 0.0]], "radio__uplink_bandwidth_hz": 2e5}


@pytest.mark.parametrize(
    ("load", "overrides"), [(2.0, {}), (8.0, {"network__cloud": CLOUD}), (20.0, {}), (8.0, OVERLAPPING)]
)
def test_bound_schedule_and_rules_are_in_order(load: float, overrides: dict[str, Any]):
    cells, better = network(8, load, **overrides), 0
    for workload in draw_workloads(cells, 5):
        episode = NetworkEpisode.of_workload(cells, workload)
        played = [replayed(make, cells, workload) for make in RULES]
        batches = episode.batches()
        assert all(batches.is_feasible(one.schedule) for one in played)
        best = max(played, key=lambda one: batches.value(one.schedule))
        found = network_hindsight(episode, best, iterations=40, passes=4)
        assert found.upper_bound >= found.value >= batches.value(best.schedule)
        better += found.value > batches.value(best.schedule)
        assert network_hindsight(episode, best, iterations=40, passes=4) == found
    assert better > 0 or load == 2.0


def test_the_optimum_of_tiny_episodes_is_between_schedule_and_bound():
    cells = network(3, 3.0)
    reached, split = 0, 0
    for workload in draw_workloads(cells, 40):
        episode = NetworkEpisode.of_workload(cells, workload)
        found, batches = network_hindsight(episode, iterations=60, passes=6), episode.batches()
        exact = ExactHindsight().solve(batches)
        assert batches.is_feasible(exact.schedule)
        assert exact.optimal
        assert found.value <= exact.value <= found.upper_bound
        reached += found.value == exact.value
        split += forward_schedule(batches)[exact.schedule != NEVER].min(initial=0) == NEVER
    assert reached >= 32
    assert split > 0


def test_bounds_hold_at_any_prices():
    cells = network(3, 4.0)
    episode = NetworkEpisode.of_workload(cells, draw_workloads(cells, 1)[0])
    exact, rng = ExactHindsight().solve(episode.batches()).value, np.random.default_rng(1)
    servers = episode.relaxed()
    for _ in range(20):
        prices, served = (
            np.round(rng.random(episode.requests) * 1024) / 1024,
            np.zeros(episode.requests, dtype=np.int64),
        )
        gained = sum(server.relaxed(prices, served) for server in servers)
        assert prices.sum() + gained >= exact - 1e-9
        assert gained == pytest.approx(((1.0 - prices) * served).sum())
    assert descend(servers, 0, 1).upper_bound >= descend(servers, 0, 40).upper_bound >= exact


def test_exchanges_never_lose_and_keep_batches_feasible():
    cells = network(6, 10.0)
    batches = NetworkEpisode.of_workload(cells, draw_workloads(cells, 1)[0]).batches()
    schedule = np.full(batches.requests, NEVER, dtype=np.int64)
    rng, served = np.random.default_rng(0), [0]
    for _ in range(4):
        schedule = exchanged(batches, schedule, 1, rng)
        assert batches.is_feasible(schedule)
        served.append(batches.value(schedule))
    assert served == sorted(served)
    assert served[-1] > served[1] > 0
    wrong = schedule.copy()
    wrong[np.flatnonzero(schedule == NEVER)] = 0
    assert not batches.is_feasible(wrong)


def test_the_registry_looks_at_networks_in_hindsight_from_their_best_rule_on():
    scenario = network(4, 5.0)
    workloads = draw_workloads(scenario, 2)
    assert OF_NETWORKS.hindsight is not None
    found = OF_NETWORKS.hindsight(scenario, workloads)
    for make in OF_NETWORKS.policies(scenario, OF_NETWORKS.tuned(scenario, 0), 0).values():
        assert (roll_out(make, MULTI_NODE, scenario, workloads).served <= found.served).all()
    assert (found.served <= found.upper_bound).all()


def placed(epochs: int) -> Scenario:
    """The preset with fewer epochs and requests, and models that load in one and a half epochs."""
    rates = {f"network.cells.{cell}.workload.arrivals.rate_per_s": 0.8 for cell in ("campus", "hospital", "offices")}
    return load_scenario("placement", **{"epoch.episode_epochs": epochs, "node.engine_start_s": 2.9}, **rates)


def plainly(held: int, ready_s: float, ways: int) -> list[tuple[int, float]]:
    """What a module may hold in an epoch, and for how long it then loads: as it is, or another variant from now on."""
    return [(held, ready_s), *((other, 6.0) for other in range(ways) if other != held)]


def test_bound_schedule_and_rules_are_in_order_where_models_are_placed():
    scenario = placed(10)
    makes = [GahPolicy, told_the_order, partial(following_life, numbers=BEGINS)]
    loaded = 0
    for workload in draw_workloads(scenario, 3):
        episode = NetworkEpisode.of_workload(scenario, workload)
        for played in (replayed(make, scenario, workload) for make in makes):
            assert episode.batches(played).is_feasible(played.schedule)
            loaded += int((played.ready_s > 0.0).sum())
            found = network_hindsight(episode, played, iterations=15, passes=2)
            assert found.upper_bound >= found.value >= (played.schedule != NEVER).sum() > 0
    assert loaded > 0


def play_plan(scenario: Scenario, workload: Workload, plan: Replayed) -> np.ndarray:
    """Who serves each request when the environment is asked for what a plan says, batch by batch and load by load."""
    env = MultiNodeEnv(scenario)
    env.reset(options={"workload": workload})
    simulation, cells = env.simulation, env.simulation.params.cells
    for epoch, held in enumerate(plan.held[:, :, 0]):
        batch = plan.schedule[requests_in_slots(simulation)]
        of_epoch = (batch != NEVER) & (batch // cells == epoch)
        action = bids_for(simulation, np.where(of_epoch, batch % cells, NEVER))
        wishes = action[cells * simulation.slots :].reshape(cells, -1)
        before = simulation.state.nodes.module_variant[:, 0]
        for node in np.flatnonzero(held != before).tolist():
            wishes[node, held[node]], wishes[node, before[node]] = 1.0, -1.0
        env.step(action)
    return env.simulation.state.served_by[0, : workload.requests]


def test_what_nodes_hold_is_planned_anew_and_the_environment_plays_it():
    scenario, gained = placed(12), 0
    for workload in draw_workloads(scenario, 3):
        episode, played = NetworkEpisode.of_workload(scenario, workload), replayed(GahPolicy, scenario, workload)
        servers = episode.relaxed()
        prices = descend(servers, played.served, 15).prices
        plan = replanned(episode, servers, played, prices, np.random.default_rng(0))
        again = replanned(episode, servers, played, prices, np.random.default_rng(0))
        assert all((one == other).all() for one, other in zip(plan, again, strict=True))
        assert episode.batches(plan).is_feasible(plan.schedule)
        served_by = play_plan(scenario, workload, plan)
        assert (served_by == np.where(plan.schedule == NEVER, NEVER, plan.schedule % 4)).all()
        found = network_hindsight(episode, played, iterations=15, passes=2)
        assert found.upper_bound >= found.value >= played.served
        gained += plan.served - played.served
    assert gained > 3 * 5


def test_a_module_loads_what_it_computes_with_next_as_soon_as_it_can():
    episode = NetworkEpisode.of_workload(scenario := placed(8), draw_workloads(scenario, 1)[0]).servers[0]
    assert isinstance(episode, ModulesEpisode)
    load_s = float(episode.params.variant_load_s[2])
    assert 4.0 < load_s < 8.0
    held, ready_s = planned(episode, np.array([-1, 0, -1, -1, 2, 2, -1, -1]))
    assert held.tolist() == [0, 0, 2, 2, 2, 2, 2, 2]
    assert ready_s == pytest.approx([0.0, 0.0, load_s, load_s - 4.0, 0.0, 0.0, 0.0, 0.0])


def test_no_path_of_one_node_serves_more_than_its_bound():
    """Every sequence of what a node may hold in two epochs, its best batches found one after the other."""
    scenario = placed(2)
    workload = draw_workloads(scenario, 1)[0]
    episode = NetworkEpisode.of_workload(scenario, workload)
    server, prices = episode.relaxed()[0], np.zeros(workload.requests)
    assert isinstance(server, PlacingServer)
    gained = server.relaxed(prices, np.zeros(workload.requests))
    best = 0.0
    for first in plainly(0, 0.0, 6):
        for second in plainly(first[0], max(0.0, first[1] - 4.0), 6):
            held, ready_s = np.zeros((2, 4, 1), dtype=np.int64), np.zeros((2, 4, 1))
            held[:, 0, 0], ready_s[:, 0, 0] = (first[0], second[0]), (first[1], second[1])
            batches = episode.batches(Replayed(np.zeros(0, dtype=np.int64), held, ready_s))
            served = sum(BranchAndBound().solve(batches.problem(4 * epoch)).value for epoch in range(2))
            best = max(best, served)
    assert gained == pytest.approx(best)
    assert best > 0.0
