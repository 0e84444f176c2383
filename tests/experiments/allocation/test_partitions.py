"""What is measured and said of a preset whose modules are divided."""

from __future__ import annotations

from typing import Any

from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import COMPUTE
from edge_llm_env.workload.streams import draw_workloads
from experiments.allocation.partitions import (
    findings_of_partitions,
    measure_partitions,
    partitions_table,
    variant_names,
)
from tests.support.allocation import tiers

MEASURED: dict[str, Any] = {
    "best_fixed": {"a at b": 2, "c at d": 1},
    "informed": [],
    "served": {"BestPartition": 95, "best fixed partition": 100, "follow the demand": 110, "told": 120},
    "hindsight": {
        "oracle": 40,
        "best_rule": "follow the demand",
        "best_rule_served": 44,
        "schedule": 50,
        "upper_bound": 51,
    },
}


def test_rules_and_hindsight_are_those_of_compute():
    scenario = tiers()
    measured = measure_partitions(scenario, draw_workloads(scenario, 2, 3), 1, 3)
    rules = baselines_of(COMPUTE).playable(scenario, {"partition": [], "threshold": 0.0, "plan": [1.0, 0.0]})
    names = [rule.name for rule in rules.values()]
    assert list(measured["served"]) == names + [f"all modules: {name}" for name in variant_names(scenario)]
    assert sum(measured["best_fixed"].values()) == 4
    assert measured["informed"] == []
    hindsight = measured["hindsight"]
    assert hindsight["best_rule"] in set(names) - {"BestPartition"}
    assert max(hindsight["oracle"], hindsight["best_rule_served"]) <= hindsight["schedule"] <= hindsight["upper_bound"]


def test_findings_say_how_far_the_bound_is_above_the_schedule():
    text = findings_of_partitions(MEASURED, 4)
    assert "serves 40, the best rule, follow the demand, 44 (+10.0 %), a clairvoyant's schedule 50 (+25.0 %)" in text
    assert "no policy more than 51 (+27.5 %): the bound is 2.0 % above the schedule." in text
    assert "Solved" not in text


def test_a_rule_that_serves_as_much_as_one_that_is_told_is_named():
    told = MEASURED | {"informed": ["told"]}
    assert "is told the phases" not in findings_of_partitions(told, 4)
    as_much = told | {"served": MEASURED["served"] | {"told": 110}}
    text = findings_of_partitions(as_much, 4)
    assert "\n*follow the demand* is the best rule, and one that is told the phases serves no more" in text


def test_the_table_has_who_serves_most_first():
    lines = partitions_table(MEASURED).splitlines()[2:]
    assert lines[0] == "| told | 120 | 120.0 |"
    assert lines[2] == "| best fixed partition: 2 × a at b, 1 × c at d | 100 | 100.0 |"


def test_variants_of_one_decoder_are_told_apart_by_the_classes_that_they_serve():
    names = variant_names(load_scenario("specialists-compute"))
    assert len(set(names)) == len(names) == 6
    assert names[0] == "llama-3.2-1b at w16a16 for code"
    assert variant_names(load_scenario("shifting-tiers"))[0] == "bloom-3b at w8a16"
