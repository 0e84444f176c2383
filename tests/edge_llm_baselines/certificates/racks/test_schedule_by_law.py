"""The schedule of who knows the rates of arrivals, and what nobody earns more than on a workload."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from edge_llm_baselines.certificates.racks.certificate import (
    bounds_of_racks,
    clairvoyant_of_rack,
    schedule_by_law,
)
from edge_llm_baselines.racks.clairvoyant import most_earned
from edge_llm_baselines.racks.earning import earned
from edge_llm_baselines.racks.policy import Scheduled
from edge_llm_baselines.registry.racks import OF_RACKS
from edge_llm_env import Scenario, draw_workloads, load_scenario


def day(**changed: object) -> Scenario:
    """A day of 120 epochs."""
    short = {"epoch.episode_epochs": 120, "workload.arrivals.period_s": 600.0, "rack.day_s": 600.0}
    return load_scenario("diurnal-rack", **short, **changed)


def test_it_earns_more_than_the_tuned_rules_and_no_more_than_the_bound() -> None:
    scenario = day()
    workloads = draw_workloads(scenario, 12)
    schedule = schedule_by_law(scenario)
    assert schedule.shape == (120,)
    assert ((schedule >= 0) & (schedule <= scenario.node.modules)).all()
    assert (schedule == schedule_by_law(scenario)).all()
    everywhere = np.broadcast_to(schedule, (12, 120))
    reward = earned(partial(Scheduled, modules_on=everywhere), scenario, workloads).reward
    rules = OF_RACKS.policies(scenario, OF_RACKS.tuned(scenario, 0), 0)
    others = [earned(make, scenario, workloads).reward.mean() for make in rules.values()]
    assert reward.mean() > max(others)
    assert reward.mean() <= bounds_of_racks(scenario, workloads).mean()


def test_modules_are_on_as_long_before_they_are_kept_as_they_start() -> None:
    """At a load that never changes as many are on from the first epoch on, where they start."""
    arrivals = {"kind": "poisson", "rate_per_s": 6.0}
    scenario = load_scenario("feeder-rack", **{"epoch.episode_epochs": 60, "workload.arrivals": arrivals})
    schedule = schedule_by_law(scenario)
    kept = int(schedule[20])
    assert kept > 2  # modules that are ready at the start
    assert (schedule[:40] == kept).all()


def test_rates_that_are_not_known_are_refused() -> None:
    with pytest.raises(ValueError, match="feeder-rack: unknown are 'loads; crowds told', must be 'loads' alone"):
        schedule_by_law(load_scenario("feeder-rack"))
    with pytest.raises(ValueError, match="grouped-rack: unknown are None"):
        schedule_by_law(load_scenario("grouped-rack"))


def test_what_nobody_earns_more_than_is_exact_where_it_can_be() -> None:
    for name, exact in (("diurnal-rack", True), ("feeder-rack", True), ("grouped-rack", False)):
        scenario = load_scenario(name, **{"epoch.episode_epochs": 60})
        (workload,) = draw_workloads(scenario, 1)
        found, known = clairvoyant_of_rack(scenario, workload), most_earned(scenario, workload)
        assert found <= known * (1.0 + 2e-9)
        if not exact:
            assert found == known
    longer = day(**{"workload.latency_requirement_s": {"low": 20.0, "high": 20.0}})
    (workload,) = draw_workloads(longer, 1)
    assert clairvoyant_of_rack(longer, workload) == most_earned(longer, workload)
