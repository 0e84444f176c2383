"""The table of what learned placements reach, made from recorded trainings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_llm_agents.records.intervals import Interval
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.support.tables import Table

NAMES = ("multinode-placement", "multinode-forecast-placement")
"""Of the recorded trainings."""


def placements_table(trainings: Mapping[str, Any]) -> Table:
    """Of recorded trainings, by the policy's name, what the median seed serves beside rules and the epoch's optimum."""
    rows = []
    for name, record in trainings.items():
        references = record["references"]
        (run,) = (one for one in record["runs"] if one["seed"] == record["median_seed"])
        rules = baselines_of(record["environment"]).rules
        best = references["best_rule"]
        above = [one["difference_to_best_rule_percent"]["mean"] for one in record["runs"]]
        informed = [key for key in references["rules"] if rules[key].informed]
        rows.append(
            (
                f"`{name}`",
                record["algorithm"],
                str(references["episodes"]),
                f"{references['oracle_served'] / references['episodes']:.0f}",
                f"{rules[best].name}, {references['rules'][best]['percent_of_oracle']:.1f}",
                ", ".join(f"{references['rules'][key]['percent_of_oracle']:.1f}" for key in informed),
                Interval(**run["difference_to_oracle_percent"]).plus(100.0).text(".1f"),
                Interval(**run["difference_to_best_rule_percent"]).text("+.1f"),
                f"{len(above)}: {min(above):+.1f} to {max(above):+.1f}",
            )
        )
    headings = (
        "training", "found by", "workloads", "100 %: never loading, served per episode", "best tuned rule, %",
        "told the order, %", "learned, % [95 % CI], median seed", "above the rule, %", "seeds, %",
    )  # fmt: skip
    return Table(headings, rows)
