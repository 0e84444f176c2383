"""Partitions of modules: the best one against enumeration, replay and every other action; the simple ones by hand."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from edge_llm_baselines.allocation.partitions import (
    BestPartition,
    FixedPartition,
    ProportionalToDemand,
    best_fixed_partition,
    logits_of,
    partitions,
)
from edge_llm_baselines.allocation.playing import served_by_allocation
from edge_llm_env import Scenario, Workload, draw_workload
from experiments.allocation.checks import contest, replay
from experiments.allocation.tried_actions import mechanism_of, served_by_actions
from tests.references.plain_allocation import Epoch
from tests.support.allocation import logits, started, tiers
from tests.support.helpers import workload_at

ENV = "EdgeLLM/Compute-v0"


def scarce(**overrides: object) -> Scenario:
    """Four modules, of which each variant wants most, and bands that turn somebody away now and then."""
    return tiers(**({"workload__arrivals__rate_per_s": 1.2, "radio__uplink_bits_per_token": 8000.0} | overrides))


def small_workloads(scenario: Scenario, count: int, env_id: str = ENV, most: int = 6) -> list[Workload]:
    """Workloads of the scenario whose first epoch has some requests, none of which is rejected or must expire."""
    workloads = []
    for seed in range(3000):
        requests = draw_workload(scenario, np.random.default_rng(seed))
        counters = started(env_id, scenario, requests).simulation.counters(0)
        if 3 <= counters["pending"] == counters["arrived"] <= most and not counters["beyond_visible"]:
            workloads.append(requests)
        if len(workloads) == count:
            return workloads
    raise AssertionError("too few workloads are small")


@pytest.mark.parametrize(("modules", "variants"), [(1, 1), (4, 3), (10, 3), (3, 5)])
def test_partitions_are_all_and_each_once(modules: int, variants: int):
    found = partitions(modules, variants)
    assert found.shape == (comb(modules + variants - 1, variants - 1), variants)
    assert len({tuple(counts) for counts in found.tolist()}) == len(found)
    assert (found >= 0).all()
    assert (found.sum(axis=1) == modules).all()


@pytest.mark.parametrize("selection", ["exact", "earliest_deadline_first"])
def test_the_best_partition_serves_what_it_says(selection: str):
    report = replay(ENV, scarce(node__batch_selection=selection), 1000)
    assert (report["states"], report["wrong"]) == (1000, 0)
    assert report["mean_visible"] > 2.0


def test_no_action_serves_more():
    report = contest(ENV, scarce(), 40, actions=1000, rounds=20)
    assert report["above_bound"] == 0
    assert report["random_reaches_served"] > 0


def test_each_partition_serves_what_a_cascade_of_largest_batches_can():
    """Where batches tie, the cascade may go several ways; the environment's is one of them."""
    scenario = scarce()
    ambiguous = 0
    for requests in small_workloads(scenario, 12):
        epoch, env = Epoch(scenario, requests), started(ENV, scenario, requests)
        outcomes = {counts: epoch.cascades(counts) for counts in epoch.partitions()}
        actions = np.array([logits_of(np.array(counts)) for counts in outcomes])
        served = served_by_actions(mechanism_of(ENV), env.simulation, 0, actions)
        for possible, found in zip(outcomes.values(), served.tolist(), strict=True):
            assert found in possible
            ambiguous += len(possible) > 1
        assert BestPartition().best(env.simulation, 0)[1] == served.max()
        assert max(map(min, outcomes.values())) <= served.max() <= max(map(max, outcomes.values()))
    assert ambiguous < 12 * 15 / 4  # mostly it is not a matter of ties


def test_between_equals_nothing_moves():
    env = started(ENV, tiers(), workload_at([0.0]))
    counts, served = BestPartition().best(env.simulation, 0)
    assert (counts.tolist(), served) == ([2, 1, 1], 1)
    env.step(logits(0.25, 0.5, 0.25))
    assert BestPartition().best(env.simulation, 0)[0].tolist() == [1, 2, 1]


def test_between_equals_as_few_modules_as_possible_move():
    """Accuracy 0.8 is OPT-13B's; two requests of 128 + 128 tokens take more than its one module has time for."""
    env = started(ENV, tiers(), workload_at([0.0, 0.1], accuracy_requirement=0.8))
    counts, served = BestPartition().best(env.simulation, 0)
    here = served_by_actions(mechanism_of(ENV), env.simulation, 0, np.zeros((1, 3)))[0]
    assert here <= served
    others = [
        choice
        for choice in partitions(4, 3)
        if served_by_actions(mechanism_of(ENV), env.simulation, 0, logits_of(choice)[None])[0] == served
    ]
    moves = [np.abs(choice - [2, 1, 1]).sum() for choice in others]
    assert np.abs(counts - [2, 1, 1]).sum() == min(moves)


def test_proportional_to_demand():
    """One request each of BLOOM-3B and of OPT-13B: shares as their times alone on all modules are."""
    env = started(ENV, tiers(), workload_at([0.0, 0.1], accuracy_requirement=[0.1, 0.8]))
    action = ProportionalToDemand().action(env.simulation, 0)
    alone_s = [variant.batch_cost[-1].compute_s.marginal(128, 128) for variant in env.scenario.variants]
    assert 0.125 < alone_s[0] / (alone_s[0] + alone_s[2]) < 0.375
    assert action == pytest.approx(logits(0.25, 0.0, 0.75))


def test_proportional_to_demand_leaves_everything_as_it_is_where_nobody_asks():
    env = started(ENV, tiers(), workload_at([]))
    env.step(logits(0.25, 0.0, 0.75))
    assert ProportionalToDemand().action(env.simulation, 0) == pytest.approx(logits(0.25, 0.0, 0.75))


def test_a_partition_that_is_rounded_stays_where_it_is():
    """Thirds of four modules are two, one and one, from wherever they come."""
    env = started(ENV, tiers(), workload_at([]))
    env.step(logits(0.0, 0.0, 1.0))
    for _ in range(3):
        env.step(FixedPartition(np.full(3, 1 / 3)).action(env.simulation, 0))
        hosted = np.bincount(env.simulation.state.module_variant[0], minlength=3)
        assert hosted.tolist() == [2, 1, 1]


def test_the_best_fixed_partition_is_the_best_of_them():
    scenario = scarce()
    workloads = [draw_workload(scenario, np.random.default_rng(seed)) for seed in range(4)]
    best = best_fixed_partition(scenario, workloads)
    totals = [
        served_by_allocation(ENV, FixedPartition(counts / 4), scenario, workloads).sum() for counts in partitions(4, 3)
    ]
    assert served_by_allocation(ENV, best, scenario, workloads).sum() == max(totals) > min(totals)
    with pytest.raises(ValueError, match="workloads: must have at least one workload"):
        best_fixed_partition(scenario, [])
