"""Tables of `ServiceLevel-v0` from records: what rules and what is learned earn, and how long exact levels take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_llm_agents.records.intervals import Interval
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.support.tables import Table

NAME = "levels-specialists"
"""The recorded training, and its policy, which comes with the package."""


def levels_table(record: Mapping[str, Any]) -> Table:
    """Every rule and the median seed, who earns most first, in percent of the best rule; and what all seeds reach."""
    references = record["references"]
    known, rules = baselines_of(record["environment"]).rules, references["rules"]
    (median,) = (run for run in record["runs"] if run["seed"] == record["median_seed"])
    best = references["best_rule"]
    found = {known[key].name + (" (best rule)" if key == best else ""): one for key, one in rules.items()}
    percents = [100.0 * run["reward"] / rules[best]["reward"] for run in record["runs"]]
    found[f"`{NAME}`, median of {len(percents)} seeds, {min(percents):.1f} to {max(percents):.1f} %"] = median
    rows = [
        (
            name,
            f"{one['reward']:.1f}",
            Interval(**one["difference_to_best_rule"]).times(100.0 / rules[best]["reward"]).plus(100.0).text(".1f"),
            f"{one['served_percent']:.1f}",
        )
        for name, one in sorted(found.items(), key=lambda item: -item[1]["reward"])
    ]
    rows.append(("what nobody exceeds", f"{references['most_reward']:.1f}", "", ""))
    return Table(("policy", "reward", "% of the best rule [95 % CI]", "served, %"), rows)


FAMILIES = {"random": "random", "alike": "random, of few kinds of requests"}
"""Names of instances that are no scenario's."""


def search_table(report: Mapping[str, Any]) -> Table:
    """How the search for the best levels ends, and how long it and HiGHS take, by where its problems come from."""
    rows = []
    for name in (*FAMILIES, *report["settings"]["scenarios"]):
        found, at_play = report[name], report[name]["at_play"]
        rows.append(
            (
                FAMILIES.get(name, f"`{name}`"),
                str(found["problems"]),
                str(found["wrong"] + found["unproven"]),
                *(f"{found[of][one]:,.1f}" for of in ("search_ms", "highs_ms") for one in ("median", "mean", "most")),
                f"{at_play['unproven']}",
                f"{at_play['value_percent']:.2f}",
            )
        )
    columns = ("epochs", "how many", "wrong or unproven", "search: median, ms", "mean", "most", "HiGHS: median, ms")
    return Table((*columns, "mean", "most", "cut off at play", "value then, %"), rows)
