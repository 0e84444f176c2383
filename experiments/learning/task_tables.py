"""The table of what learning from the signals of agent tasks is worth, made from a recorded training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_llm_agents.records.intervals import Interval
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.support.tables import Table

SHOWN = ("fewest-calls", "task-index", "task-admission", "task-signals", "told-signals", "told-calls")
"""Rules by their keys, from what knows least on."""

JUDGED_BY = "task-signals"
"""The rule that sees what the learned policy does."""


def tasks_table(record: Mapping[str, Any]) -> Table:
    """Of a recorded training: DFTSP, rules and every seed, tasks completed and rewards beside the judging rule's."""
    references, known = record["references"], baselines_of(record["environment"]).rules
    judge = references["rules"][JUDGED_BY]
    per_percent = references["oracle_served"] / references["episodes"] / 100.0

    def row(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
        of_oracle = Interval(**one["difference_to_oracle_percent"]).plus(100.0)
        more = 100.0 * (one["percent_of_oracle"] / judge["percent_of_oracle"] - 1.0)
        times = one["reward"] / judge["reward"]
        completed = f"{per_percent * one['percent_of_oracle']:.1f}"
        return name, completed, of_oracle.text(".1f"), f"{more:+.1f}", f"{one['reward']:.1f}", f"{times:.2f}"

    nothing = {"mean": 0.0, "low": 0.0, "high": 0.0}
    oracle = {
        "percent_of_oracle": 100.0,
        "difference_to_oracle_percent": nothing,
        "reward": references["oracle_reward"],
    }
    rows = [row(known[references["oracle"]].name, oracle)]
    rows += [row(known[key].name, references["rules"][key]) for key in SHOWN]
    for run in record["runs"]:
        shipped = ", shipped" if run["seed"] == record["median_seed"] else ""
        rows.append(row(f"learned, seed {run['seed']}{shipped}", run))
    return Table(
        ("policy", "completed", "% of DFTSP [95 % CI]", "more than judged by, %", "reward", "times its reward"), rows
    )
