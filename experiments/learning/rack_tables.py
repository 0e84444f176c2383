"""What policies of racks earn, made from recorded trainings and comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_llm_agents.records.intervals import Interval
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.support.tables import Table
from experiments.presets.findings import Findings

NAMES = ("scaling-feeder-rack", "scaling-feeder-rack-b", "scaling-feeder-rack-c")
"""Recorded trainings in three worlds; the policy of the first comes with the package."""


def racks_table(trainings: Mapping[str, Any]) -> Table:
    """Of recorded trainings, by name: the best rule, who is told the feeders, the median seed and the clairvoyant."""
    rows = []
    for name, record in trainings.items():
        references = record["references"]
        known, rules = baselines_of(record["environment"]).rules, references["rules"]
        best = references["best_rule"]
        where = record["scenario"]
        rows.append((f"{where}: {known[best].name} (best tuned rule)", *_cells(rules[best])))
        rows += [(known[key].name, *_cells(rules[key])) for key in rules if known[key].informed]
        (median,) = (run for run in record["runs"] if run["seed"] == record["median_seed"])
        closed = [run["gap_closed_percent"] for run in record["runs"]]
        seeds = f"median of {len(closed)} seeds, {min(closed):.1f} to {max(closed):.1f} % closed"
        rows.append((f"`{name}`, {seeds}", *_cells(median)))
        rows.append(("clairvoyant", f"{references['most_reward']:.1f}", "", "100.0", "", ""))
    headings = ("policy", "reward", "above the best rule [95 % CI]", "gap closed, %", "served, %", "modules on")
    return Table(headings, rows)


def _cells(found: Mapping[str, Any]) -> tuple[str, ...]:
    above = Interval(**found["difference_to_best_rule"]).text("+.1f")
    return (
        f"{found['reward']:.1f}",
        above,
        f"{found['gap_closed_percent']:.1f}",
        f"{found['served_percent']:.1f}",
        f"{found['modules']:.2f}",
    )


def findings_of_training(record: Mapping[str, Any]) -> Findings:
    """Of a recorded training, whose rivals are the rules."""
    references, known = record["references"], baselines_of(record["environment"]).rules
    rows = [
        (
            known[key].name,
            f"{one['reward']:.1f}",
            f"{one['served_percent']:.1f}",
            f"{one['modules']:.2f}",
            f"{one['gap_closed_percent']:.1f}",
        )
        for key, one in sorted(references["rules"].items(), key=lambda one: -one[1]["reward"])
    ]
    table = Table(("policy", "reward", "served %", "modules", "gap closed %"), rows)
    return Findings(
        f"In `EdgeLLM/Scaling-v0`, on {references['episodes']} workloads; the gap is that from the best tuned rule to "
        f"the exact clairvoyant, who earns {references['most_reward']:.1f}. [Learned policies]"
        f"(../learned-policies.md#how-many-modules-are-on) stand beside these.\n\n{table.markdown()}\n",
        f"edge-llm train racks --scenario {record['scenario']} --evaluation-episodes {references['episodes']}",
    )
