"""Worlds in which learning how many modules are on should be worth little."""

from __future__ import annotations

import numpy as np

from edge_llm_baselines.racks.economics import economics
from edge_llm_env import draw_workload, load_scenario
from edge_llm_env.rack.params import rack_params
from edge_llm_env.scenarios import Scenario
from experiments.learning.rack_controls import CONTROLS, WORLD, controls_table
from experiments.pages.recorded import recorded


def control(name: str) -> Scenario:
    return load_scenario(WORLD, **CONTROLS[name].overrides())


def test_each_control_lacks_what_it_says():
    assert economics(rack_params(load_scenario(WORLD))).start_epochs == 12
    assert economics(rack_params(control("quick start"))).start_epochs == 1
    counts = draw_workload(control("nothing seen"), np.random.default_rng(0)).feeder_counts
    assert counts is not None
    assert counts.var() / counts.mean() < 1.2  # Poisson: of a crowd it would be several times as much
    seen = draw_workload(load_scenario(WORLD), np.random.default_rng(0)).feeder_counts
    assert seen is not None
    assert seen.var() / seen.mean() > 2.0
    shares = control("no decoys").workload.arrivals.model_dump()["shares"]
    assert min(shares) > 0
    for name in ("day", "day with bursts"):
        assert draw_workload(control(name), np.random.default_rng(0)).feeder_counts is None
    day = load_scenario("diurnal-rack")
    assert control("day").workload.arrivals == day.workload.arrivals
    assert control("day").rack.day_s == control("day with bursts").rack.day_s == day.rack.day_s
    for name, record in recorded("rack_controls")["controls"].items():
        assert control(name).fingerprint() == record["scenario_fingerprint"]
    assert len({control(name).fingerprint() for name in CONTROLS}) == len(CONTROLS)


def test_table_has_the_best_rule_beside_the_median_seed():
    def played(reward: float) -> dict[str, object]:
        above = {"mean": reward - 50.0, "low": reward - 55.0, "high": reward - 45.0}
        shown = {"difference_to_best_rule": above, "gap_closed_percent": reward - 50.0}
        return shown | {"reward": reward, "served_percent": reward, "modules": 2.0}

    rules = {"trend": played(50.0), "threshold": played(40.0)}
    record = {
        "environment": "EdgeLLM/Scaling-v0",
        "references": {"episodes": 30, "best_rule": "trend", "rules": rules, "most_reward": 150.0},
        "median_seed": 1,
        "runs": [played(60.0) | {"seed": 0}, played(70.0) | {"seed": 1}],
    }
    shorter = record | {"references": record["references"] | {"episodes": 20}, "runs": record["runs"][1:]}
    world, day = controls_table(record, {"day": shorter}).rows
    assert (world[0], world[2]) == (f"`{WORLD}`", "30, 2")
    assert day[:2] == ("day", CONTROLS["day"].says)
    rule = "exponential smoothing with trend"
    assert day[2:] == ("20, 1", rule, "50", "+40.0 [+30.0, +50.0] %", "20", "50.0, 70.0", "2.00, 2.00", "150")
