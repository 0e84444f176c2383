"""The tables of what learned allocations of bands and modules reach, made from recorded results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

from edge_llm_agents.pretrained.shipped import PRETRAINED, shipped_policies
from edge_llm_agents.records.intervals import Interval
from edge_llm_agents.records.record import read_record
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.support.tables import NO_VALUE, Table

NAMES = (
    "bandwidth-embedding-uplink",
    "bandwidth-embedding-uplink-carried",
    "bandwidth-mobile-uplink",
    "compute-accuracy-tiers",
    "compute-shifting-tiers",
    "compute-specialists-compute",
    "joint-accuracy-tiers",
)
"""Recorded trainings by the name of the policy, in the order of the tables."""


def allocations_table(trainings: Mapping[str, Any]) -> Table:
    """Of recorded trainings, by the policy's name, the median seed against oracle, best rule and hindsight.

    Of policies that the package brings along it is what their cards say, which were evaluated last.
    """
    shipped = shipped_policies()
    rows = []
    for name, record in trainings.items():
        run = next(one for one in record["runs"] if one["seed"] == record["median_seed"])
        references = record["references"]
        if name in shipped:
            run = read_record(PRETRAINED / f"{name}.json")["evaluation"]
            references = run["references"]
        known, best = baselines_of(record["environment"]).rules, references["best_rule"]
        rule = references["rules"][best]["difference_to_oracle_percent"]
        hindsight = run.get("percent_of_hindsight")
        rows.append(
            (
                f"`{name}`" if name in shipped else f"`{name}`, not in the package",
                str(len(record["runs"])),
                Interval(**run["difference_to_oracle_percent"]).plus(100.0).text(".2f"),
                f"{known[best].name}, {Interval(**rule).plus(100.0).text('.2f')}",
                Interval(**run["difference_to_best_rule_percent"]).text("+.2f"),
                NO_VALUE if hindsight is None else f"{hindsight['schedule']:.1f} % ({hindsight['bound']:.1f} %)",
                f"{median(one['seconds'] for one in record['runs']):.0f} s",
                f"{run['decision_us']:.0f} ({references['oracle_decision_us']:.0f})",
            )
        )
    headings = (
        "policy", "seeds", "% of the epoch's oracle [95 % CI], median seed", "best rule, % of the oracle",
        "above it, points", "of hindsight's schedule (bound)", "training", "µs per epoch (oracle)",
    )  # fmt: skip
    return Table(headings, rows)


def allocation_seeds_table(trainings: Mapping[str, Any]) -> Table:
    """Every seed of recorded trainings, by the policy's name."""
    rows = [
        (
            f"`{name}`",
            str(run["seed"]),
            Interval(**run["difference_to_oracle_percent"]).plus(100.0).text(".2f"),
            f"{run['seconds']:.0f} s",
        )
        for name, record in trainings.items()
        for run in record["runs"]
    ]
    return Table(("policy", "seed", "% of the oracle [95 % CI]", "training"), rows)


ALLOCATION_TABLES: dict[str, Callable[[Mapping[str, Any]], Table]] = {
    "allocations": allocations_table,
    "allocation-seeds": allocation_seeds_table,
}
"""By their sections on the page on what learned policies reach."""
