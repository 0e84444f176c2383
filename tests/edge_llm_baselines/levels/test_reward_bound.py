"""What nobody earns more than in `ServiceLevel-v0`, and schedules, beside all that can be played in tiny episodes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edge_llm_baselines.levels.clairvoyant import Effort, scheduled_by_levels
from edge_llm_baselines.levels.earning import earned_by_levels
from edge_llm_baselines.levels.reward_bound import by_compression, most_by_levels, worth_of
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_baselines.registry.levels import OF_LEVELS
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.priced.modules import most_by_prices
from edge_llm_env import Scenario, Workload, draw_workloads, load_scenario
from edge_llm_env.envs.suite import SERVICE_LEVEL

SLOTS = 2
TINY = {
    "epoch.episode_epochs": 2,
    "epoch.visible_slots": SLOTS,
    "workload.arrivals.rate_per_s": 0.4,
    "workload.latency_requirement_s": {"low": 5.0, "high": 9.0},
    "node.modules": 1,
    "node.storage_bandwidth_bytes_per_s": 1e10,
    "node.engine_start_s": 0.0,
    "node.compression_levels": [],
}


def tiny(value: str) -> Scenario:
    """One module that loads one of two variants within an epoch, and two requests in sight."""
    variants = load_scenario("service-levels").node.variants
    kept = [variants[1].model_dump(), variants[4].model_dump()]
    return load_scenario("service-levels", **(TINY | {"node.variants": kept, "workload.value": value}))


def most_played(scenario: Scenario, workload: Workload) -> float:
    """The most that any sequence of actions earns: all of them, each on a row of its own."""
    single = [(*levels, target) for levels in product(range(5), repeat=SLOTS) for target in range(3)]
    both = np.array(list(product(single, repeat=2)))  # (rows, epochs, entries)
    workloads = [workload] * len(both)
    env = vector_of(SERVICE_LEVEL, scenario, workloads)
    env.reset(options={"workloads": workloads})
    earned = sum(env.step(both[:, epoch])[1] for epoch in range(2))
    env.close()
    return float(np.max(earned))


@pytest.mark.parametrize("value", ["accuracy", "threshold"])
def test_rule_schedule_optimum_and_bound_are_in_order_and_the_schedule_is_mostly_the_optimum(value: str):
    scenario = tiny(value)
    rule = OF_LEVELS.rules["best-levels"].acting(0, None)
    workloads = draw_workloads(scenario, 8, 0)
    best = np.array([most_played(scenario, workload) for workload in workloads])
    most = np.array([most_by_levels(scenario, workload) for workload in workloads])
    by_rule = earned_by_levels(rule, scenario, workloads).reward
    few = Effort(module_moves=60)
    found = np.array([scheduled_by_levels(scenario, workload, [rule], few).reward[0] for workload in workloads])
    assert (by_rule <= found).all()
    assert (found <= best + 1e-9).all()
    assert (np.abs(found - best) < 1e-9).sum() >= 7
    assert (best <= most + 1e-9).all()
    assert by_rule.sum() < best.sum() < most.sum()
    assert (np.abs(most - best) < 1e-6).any()


def test_prices_bound_whole_episodes_below_the_total():
    """Of single batches, and no more than everybody at the best level: at prices of that it is their sum."""
    scenario = load_scenario("service-levels", **{"epoch.episode_epochs": 6})
    workload = draw_workloads(scenario, 1, 1)[0]
    episode = by_compression(ModulesEpisode.of_workload(scenario, workload, keeps_split=True), scenario, workload)
    worth = worth_of(episode, scenario, workload)
    total = np.zeros(workload.requests)
    np.maximum.at(total, episode.offers.request, worth.max(axis=1))
    assert most_by_prices(episode, worth) < total.sum()
