"""What a preset is like where modules are divided among several variants: rules, hindsight, and what a page says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge_llm_baselines.allocation.partitions import FixedPartition
from edge_llm_baselines.allocation.playing import served_by_allocation
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.modules import PARTITION
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_baselines.residency.clairvoyant.hindsight import hindsight_of_modules
from edge_llm_env.envs.suite import COMPUTE
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.tables import Table
from edge_llm_env.workload.workload import Workload

FIXED = baselines_of(COMPUTE).rules["fixed"].name
"""The rule that the table's percentages are of."""


def measure_partitions(
    scenario: Scenario, workloads: Sequence[Workload], hindsight_episodes: int, seed: int
) -> dict[str, Any]:
    """What every baseline of `EdgeLLM/Compute-v0` serves, tuned, and each variant on all modules; then hindsight.

    `best_fixed` is the partition that the best fixed one keeps, cheapest variant first; `informed` are those told what
    no observation shows. Of the first workloads: what the oracle of each epoch serves, the best of the rules that are
    not told, a clairvoyant's schedule and the bound.
    """
    baselines = baselines_of(COMPUTE)
    tuned = baselines.tuned(scenario, seed)
    policies = baselines.policies(scenario, tuned, seed)
    played = {name: roll_out(make, COMPUTE, scenario, workloads).served for name, make in policies.items()}
    known = {name: int(served[:hindsight_episodes].sum()) for name, served in played.items()}
    informed = [rule.name for rule in baselines.rules.values() if rule.informed and rule.name in played]
    rivals = [name for name in played if name not in (baselines.reference, *informed)]
    best = max(rivals, key=lambda name: known[name])
    bounds = hindsight_of_modules(COMPUTE, scenario, workloads[:hindsight_episodes], list(policies.values()))
    names, shares = variant_names(scenario), tuned[PARTITION.name]
    alone = {
        f"all modules: {name}": int(served_by_allocation(COMPUTE, FixedPartition(one), scenario, workloads).sum())
        for name, one in zip(names, np.eye(len(names)), strict=True)
    }
    return {
        "best_fixed": {name: round(share * scenario.node.modules) for name, share in zip(names, shares, strict=True)},
        "informed": informed,
        "served": {name: int(served.sum()) for name, served in played.items()} | alone,
        "hindsight": {
            "oracle": known[baselines.reference],
            "best_rule": best,
            "best_rule_served": known[best],
            "schedule": int(bounds.served.sum()),
            "upper_bound": int(bounds.upper_bound.sum()),
        },
    }


def variant_names(scenario: Scenario) -> list[str]:
    """Decoder and precision of every variant; of those that share both, with the classes that each serves."""
    plain = [f"{variant.decoder} at {variant.precision}" for variant in scenario.variants]
    classes = scenario.workload.classes
    if classes is None:
        return plain
    served = [
        " and ".join(name for name, accuracy in zip(classes.names, variant.accuracies, strict=True) if accuracy > 0.0)
        for variant in scenario.variants
    ]
    return [f"{name} for {of}" if plain.count(name) > 1 else name for name, of in zip(plain, served, strict=True)]


def findings_of_partitions(partitions: dict[str, Any], hindsight_episodes: int) -> str:
    """What is left to gain where modules are divided, and which rule solves the preset, if one does."""
    hindsight = partitions["hindsight"]
    oracle, schedule, bound = hindsight["oracle"], hindsight["schedule"], hindsight["upper_bound"]
    above = [f"{percent_above(one, oracle):+.1f} %" for one in (hindsight["best_rule_served"], schedule, bound)]
    text = (
        f"On the first {hindsight_episodes} workloads BestPartition, the best of each epoch, serves {oracle}, "
        f"the best rule, {hindsight['best_rule']}, {hindsight['best_rule_served']} ({above[0]}), a clairvoyant's "
        f"schedule {schedule} ({above[1]}), and no policy more than {bound} ({above[2]}): the bound is "
        f"{percent_above(bound, schedule):.1f} % above the schedule.\n"
    )
    served, informed = partitions["served"], partitions["informed"]
    if not informed:
        return text
    told = max(informed, key=lambda name: served[name])
    best = max((name for name in served if name not in informed), key=lambda name: served[name])
    if served[best] < served[told]:
        return text
    return f"{text}\n*{best}* is the best rule, and one that is told the phases serves no more.\n"


def partitions_table(partitions: dict[str, Any]) -> str:
    """What each rule that divides the modules serves, and each variant on all of them."""
    served = partitions["served"]
    fixed = ", ".join(f"{count} × {variant}" for variant, count in partitions["best_fixed"].items())
    rows = [
        (
            f"{name}: {fixed}" if name == FIXED else name,
            f"{count}",
            f"{100 * count / max(1, served[FIXED]):.1f}",
        )
        for name, count in sorted(served.items(), key=lambda one: -one[1])
    ]
    return Table(("modules in `EdgeLLM/Compute-v0`", "served", "% of best fixed"), rows).markdown()


def percent_above(served: int, reference: int) -> float:
    """How much more one serves than the other (%)."""
    return 100.0 * (served / max(1, reference) - 1.0)
