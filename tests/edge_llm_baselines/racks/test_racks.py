"""Rules of a rack, what a clairvoyant earns, and what nobody exceeds."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
import pytest

from edge_llm_baselines.racks.clairvoyant import bound, hindsight_of_racks
from edge_llm_baselines.racks.earning import earned
from edge_llm_baselines.racks.economics import economics
from edge_llm_baselines.racks.optimum import optimum
from edge_llm_baselines.racks.planned import TimeOfDay, Told
from edge_llm_baselines.racks.planning import planned_modules
from edge_llm_baselines.racks.policy import Scheduled
from edge_llm_baselines.racks.reactive import KeepAlive, Threshold
from edge_llm_baselines.racks.smoothing import ANY, Grouped, OwnAndFeeders, Trend
from edge_llm_env import ScenarioError, draw_workloads, load_scenario
from edge_llm_env.rack.params import rack_params
from edge_llm_env.support.calling import direct

RULES = {
    "threshold": lambda env: Threshold(env, 1.2, 4),
    "keep-alive": lambda env: KeepAlive(env, 2),
    "trend": lambda env: Trend(env, 0.4, 0.05, 1.0),
    "time of day": lambda env: TimeOfDay(env, np.full(4, 2.5)),
    "own and feeders": lambda env: OwnAndFeeders(env, 0.18, 0.11, 2.05, 0.36, 5, 6),
}


@pytest.mark.parametrize("preset", ["feeder-rack", "feeder-rack-b", "diurnal-rack"])
def test_bound_is_above_the_optimum_which_is_above_every_rule(preset: str):
    scenario = load_scenario(preset, **{"epoch.episode_epochs": 120})
    workloads = draw_workloads(scenario, 12, seed=4)
    rules = RULES | ({"told": Told} if "feeder" in preset else {})
    played = {name: earned(make, scenario, workloads).reward for name, make in rules.items()}
    bounds = np.array([bound(scenario, workload) for workload in workloads])
    for name, reward in played.items():
        assert (reward <= bounds + 1e-6).all(), name
    if "feeder" in preset:
        best = [optimum(scenario, workload) for workload in workloads]
        values = np.array([one.value for one in best])
        schedules = np.stack([one.modules_on for one in best])
        assert earned(lambda env: Scheduled(env, schedules), scenario, workloads).reward == pytest.approx(values)
        assert (values <= bounds + 1e-6).all()
        for name, reward in played.items():
            assert (reward <= values + 1e-6).all(), name
        assert played["told"].mean() > max(played[name].mean() for name in RULES)
    else:
        with pytest.raises(ValueError, match="requests can wait for a later epoch"):
            optimum(scenario, workloads[0])


def test_the_rule_that_is_told_the_feeders_plays_where_crowds_stay_away_for_years():
    arrivals = load_scenario("feeder-rack").workload.arrivals
    rare = {"workload.arrivals": arrivals.model_dump() | {"mean_calm_s": 1e9}, "epoch.episode_epochs": 8}
    scenario = load_scenario("feeder-rack", **rare)
    workloads = draw_workloads(scenario, 2, seed=0)
    assert earned(Told, scenario, workloads).served.sum() > 0


def test_optimum_is_the_best_of_every_schedule():
    scenario = load_scenario(
        "feeder-rack",
        **{
            "epoch.episode_epochs": 8,
            "node.modules": 2,
            "rack.modules_at_start": 1,
            "node.engine_start_s": 1.0,
            "workload.arrivals.rate_per_s": 2.0,
        },
    )
    schedules = np.array(list(product(range(3), repeat=8)))
    for workload in draw_workloads(scenario, 2, seed=1):
        tried = earned(lambda env: Scheduled(env, schedules), scenario, [workload] * len(schedules)).reward
        assert optimum(scenario, workload).value == pytest.approx(tried.max())


GROUPED = {
    "epoch.episode_epochs": 4,
    "node.modules": 2,
    "node.parallelism.tensor": 2,
    "rack.group_sizes": [1, 2],
    "workload.arrivals": {"kind": "markov_modulated", "rates_per_s": [1.0, 7.0], "mean_sojourns_s": [15.0, 15.0]},
}


@pytest.mark.parametrize(("engine_start_s", "bandwidth"), [(0.0, 3.6e9), (0.5, 1e15), (0.0, 1e15)])
def test_optimum_is_the_best_of_every_schedule_of_modules_and_groups(engine_start_s: float, bandwidth: float):
    """A module starts in 7.2 s, two epochs, in half a second, one, or at once."""
    start = {"node.engine_start_s": engine_start_s, "node.storage_bandwidth_bytes_per_s": bandwidth}
    scenario = load_scenario("grouped-rack", **(GROUPED | start))
    choices = np.array(list(product(product(range(3), range(2)), repeat=4)))  # (schedules, T, 2)
    for workload in draw_workloads(scenario, 3, seed=1):
        tried = earned(
            lambda env: Scheduled(env, choices[:, :, 0], choices[:, :, 1]), scenario, [workload] * len(choices)
        ).reward
        best = optimum(scenario, workload)
        assert best.value == pytest.approx(tried.max())
        kept = earned(
            partial(Scheduled, modules_on=best.modules_on[None], places=best.places[None]), scenario, [workload]
        )
        assert kept.reward[0] == pytest.approx(best.value)
        assert best.value <= bound(scenario, workload) + 1e-6


def test_a_module_of_grouped_rack_starts_in_the_three_epochs_that_it_says():
    assert economics(rack_params(load_scenario("grouped-rack"))).start_epochs == 3


def test_choosing_groups_pays_by_day_and_is_bounded():
    scenario = load_scenario("grouped-rack")
    workloads = draw_workloads(scenario, 4, seed=3)
    rules = {
        "alone": lambda env: Grouped(env, 0.3, 1.2, 4, 0, 0.0),
        "pairs": lambda env: Grouped(env, 0.3, 1.2, 4, 1, 0.0),
        "chosen": lambda env: Grouped(env, 0.3, 1.2, 4, ANY, 48.0),
        "threshold": lambda env: Threshold(env, 1.0, 4),
    }
    played = {name: earned(make, scenario, workloads) for name, make in rules.items()}
    best = np.array([optimum(scenario, workload).value for workload in workloads])
    for name, found in played.items():
        assert (found.reward <= best + 1e-6).all(), name
    assert played["chosen"].reward.mean() > max(played[name].reward.mean() for name in ("alone", "pairs", "threshold"))
    hindsight = hindsight_of_racks(scenario, workloads)
    for name, found in played.items():
        assert (found.served <= hindsight.upper_bound).all(), name
    assert (hindsight.served <= hindsight.upper_bound).all()
    alone = hindsight_of_racks(load_scenario("diurnal-rack"), draw_workloads(load_scenario("diurnal-rack"), 2))
    assert (alone.served == alone.upper_bound).all()


def test_fewer_that_serve_more_as_one_are_bounded():
    """Eight boards that share every matrix over a switch serve less than four."""
    scenario = load_scenario(
        "pi-cluster", **{"node.modules": 8, "node.parallelism.tensor": 8, "workload.arrivals.rate_per_s": 0.1}
    )
    workloads = draw_workloads(scenario, 3)
    epochs = scenario.epoch.episode_epochs
    served = {
        modules: earned(partial(Scheduled, modules_on=np.full((3, epochs), modules)), scenario, workloads).served
        for modules in range(1, 9)
    }
    assert served[4].sum() > served[8].sum()
    most = hindsight_of_racks(scenario, workloads).upper_bound
    for modules, found in served.items():
        assert (found <= most).all(), modules


def test_a_plan_starts_a_module_in_time_and_lets_it_go():
    load = np.array([1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0])
    off = np.array([0, -1, -1])

    def wanted(mean: np.ndarray, left: np.ndarray) -> int:
        return int(direct(planned_modules)(mean, np.zeros_like(mean), left, 7.0, 2.0, 4))

    assert wanted(load, off) == 2  # ready when the second module's load comes
    assert wanted(np.concatenate([[1.0], load]), off) == 1  # an epoch too early
    assert wanted(np.zeros(12), np.array([0, 2, -1])) == 0
    assert wanted(np.where(np.arange(12) > 2, 0.0, load), np.array([0, 0, -1])) == 1


def test_what_a_clairvoyant_earns_is_of_served_requests_and_energy():
    scenario = load_scenario("feeder-rack", **{"reward.expired": -0.1})
    workload = draw_workloads(scenario, 1)[0]
    with pytest.raises(ScenarioError, match=r"reward.expired = -0.1: must be 0"):
        bound(scenario, workload)
