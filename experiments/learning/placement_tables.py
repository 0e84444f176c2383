"""The table of what learned placements reach, made from recorded trainings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_llm_agents.pretrained.shipped import PRETRAINED
from edge_llm_agents.records.intervals import Interval
from edge_llm_agents.records.record import read_record
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.support.tables import Table

NAMES = ("multinode-placement",)
"""Policies of the package; those that it does not bring along are left out."""


def placements_table(trainings: Mapping[str, Any]) -> Table:
    """Of recorded trainings, by the policy's name, what its card says against rules and the optimum of the epoch."""
    rows = []
    for name, record in trainings.items():
        card = read_record(PRETRAINED / f"{name}.json")
        run, references = card["evaluation"], card["evaluation"]["references"]
        rules = baselines_of(card["environment"]).rules
        best = references["best_rule"]
        above = [one["difference_to_best_rule_percent"]["mean"] for one in record["runs"]]
        informed = [key for key in references["rules"] if rules[key].informed]
        rows.append(
            (
                f"`{name}`",
                f"{references['oracle_served'] / references['episodes']:.0f}",
                f"{rules[best].name}, {references['rules'][best]['percent_of_oracle']:.1f}",
                ", ".join(f"{references['rules'][key]['percent_of_oracle']:.1f}" for key in informed),
                Interval(**run["difference_to_oracle_percent"]).plus(100.0).text(".1f"),
                Interval(**run["difference_to_best_rule_percent"]).text("+.1f"),
                f"{len(above)}: {min(above):+.1f} to {max(above):+.1f}",
            )
        )
    headings = (
        "policy", "100 %: never loading, served per episode", "best tuned rule, %", "told the order, %",
        "learned, % [95 % CI], median seed", "above the rule, %", "seeds, %",
    )  # fmt: skip
    return Table(headings, rows)
