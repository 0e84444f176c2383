"""Rules that follow demand or plan ahead of it, on `specialists-compute` with short episodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_baselines.allocation.policy import AllocationPolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_baselines.residency.forecasts import Fading, Phases, mean_shares
from edge_llm_baselines.residency.tuning import ageing, following, looking_ahead, told
from edge_llm_env import Scenario, draw_workloads, load_scenario
from tests.support.allocation import started, tiers
from tests.support.helpers import small_scenario, workload_at

ENV = "EdgeLLM/Compute-v0"


def specialists(**overrides: Any) -> Scenario:
    dotted = {name.replace("__", "."): value for name, value in overrides.items()}
    return load_scenario("specialists-compute", **({"epoch.episode_epochs": 40} | dotted))


def test_the_mix_comes_closer_to_the_mean():
    scenario = specialists()
    assert mean_shares(scenario) == pytest.approx(np.full(5, 0.2))
    env = started(ENV, scenario, workload_at(np.zeros(8), request_class=[0, 0, 0, 0, 1, 1, 2, 2]))
    shares = Fading(scenario, 0.5).shares(env.simulation, 0, 3)
    now = np.array([0.5, 0.25, 0.25, 0.0, 0.0])
    assert shares == pytest.approx(np.array([now, (now + 0.2) / 2, now / 4 + 0.15]))


def test_a_belief_is_bayes_rule_over_paths_of_phases():
    """Two phases in turn that end in their second epoch: after some arrivals only one course of them is left."""
    classes = {
        "names": ["a", "b"],
        "mixes": [[9, 1], [1, 9]],
        "mean_lengths_s": [7.0, 7.0],
        "length_variation": 0.01,
        "followed_by": [[0, 1], [1, 0]],
    }
    variants = [{"decoder": "bloom-3b", "precision": "w8a16", "accuracies": {"a": 0.9, "b": 0.9}}]
    scenario = tiers(node__variants=variants, workload__classes=classes, epoch__visible_slots=40)
    # epochs of 4 s: b, a, a, b, b
    at_s = np.concatenate([4.0 * epoch + np.linspace(0.1, 3.9, 6) for epoch in range(5)])
    env = started(ENV, scenario, workload_at(at_s, request_class=np.repeat([1, 0, 0, 1, 1], 6)))
    forecast = Phases(scenario, knows_order=True)
    forecast.shares(env.simulation, 0, 1)
    for _ in range(4):
        env.step(np.zeros(1))
        shares = forecast.shares(env.simulation, 0, 4)
    # what has lasted for two epochs of b is followed by two of a and two of b
    assert shares[:, 0] == pytest.approx([0.9, 0.9, 0.1, 0.1], abs=0.05)
    assert shares.sum(axis=1) == pytest.approx(np.ones(4))


def test_a_forecast_that_is_told_the_order_is_better():
    """Log score of the class of the next arrivals, over the episodes of a held-out stream."""
    scenario = specialists(workload__arrivals__rate_per_s=1.0, node__batch_selection="first_come_first_served")
    scores = np.zeros(3)
    came = 0
    for workload in draw_workloads(scenario, 6, 0):
        env = started(ENV, scenario, workload)
        forecasts = (Phases(scenario, knows_order=True), Phases(scenario, knows_order=False), Fading(scenario, 0.95))
        for _ in range(scenario.epoch.episode_epochs):
            shares = [one.shares(env.simulation, 0, 4)[3] for one in forecasts]
            begins_s = 4.0 * (env.simulation.counters(0)["epochs"] + 4)
            among = (workload.arrival_s >= begins_s) & (workload.arrival_s < begins_s + 4.0)
            counted = np.bincount(workload.request_class[among], minlength=5)
            scores += [counted @ np.log(np.maximum(one, 1e-3)) for one in shares]
            came += counted.sum()
            env.step(np.zeros(6))
    told_order, told_lengths, fading = scores / came
    assert told_order > told_lengths + 0.1
    assert told_order > fading + 0.1


def served(make: Any, scenario: Scenario, workloads: Any) -> int:
    return int(roll_out(lambda env: AllocationPolicy(make(env), env), ENV, scenario, workloads).served.sum())


def test_who_is_told_the_phases_serves_most_and_who_plans_more_than_who_stays():
    scenario = specialists()
    workloads = draw_workloads(scenario, 4, 1)
    informed = served(told, scenario, workloads)
    planned = served(lambda env: looking_ahead(env, [0.88, 0.0]), scenario, workloads)
    aged = served(lambda env: ageing(env, 0.0), scenario, workloads)
    followed = served(lambda env: following(env, 0.1), scenario, workloads)
    stays = served(lambda env: following(env, 1.0), scenario, workloads)
    assert informed > 1.15 * max(planned, aged, followed)
    assert min(planned, aged, followed) > 1.02 * stays


def test_where_there_is_one_variant_or_no_class_there_is_less_to_play():
    baselines = baselines_of(ENV)
    alone, nested = small_scenario("carry-over"), small_scenario("accuracy-tiers", node__modules=3)
    tuned = {"partition": None, "threshold": None, "plan": None, "ages": None}
    assert list(baselines.playable(alone, tuned)) == ["best-partition", "equal", "proportional", "random"]
    tuned = {"partition": [1, 1, 1], "threshold": 0.1, "plan": [1.0, 0.0], "ages": None}
    assert not {"ages", "informed"} & set(baselines.playable(nested, tuned))
    assert {"follow", "look-ahead"} < set(baselines.playable(nested, tuned))
