"""The table of a comparison: its columns, and how a record fills them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.support.tables import NO_VALUE, Table

EARNED = ("reward", "served %")
"""Columns where the reward of an episode counts, before those of what the environment has beside it."""


def comparison_table(records: Sequence[Mapping[str, Any]], oracle: str) -> Table:
    """The comparison with a row per record."""
    earns = any("reward_per_episode" in record for record in records)
    beside = list(dict.fromkeys(name for record in records for name in record.get("beside", {})))
    headings = [
        "policy",
        *((*EARNED, *beside) if earns else []),
        "requests/s",
        f"difference to {oracle} [95 % CI]",
        f"% of {oracle}",
        "gap closed %",
    ]
    headings += ["on time %", "batch", *(f"{resource} %" for resource in RESOURCES), "µs/decision", "alone µs"]
    return Table(headings, [_cells(record, oracle, beside if earns else None) for record in records])


def _cells(record: Mapping[str, Any], oracle: str, beside: Sequence[str] | None) -> list[str]:
    """One row of the table; what a record does not have is a dash."""
    utilisation = record.get("utilisation", {})
    return [
        record["policy"],
        *([] if beside is None else _earned(record, beside)),
        f"{record['throughput_per_s']:.3f}",
        NO_VALUE if record["policy"] == oracle else difference_cell(record),
        f"{record['percent_of_oracle']:.2f}",
        _number(record["gap_closed_percent"], ".1f"),
        _number(record.get("on_time_percent"), ".1f"),
        _number(record.get("mean_batch"), ".2f"),
        *(f"{100 * utilisation[one]:.1f}" if one in utilisation else NO_VALUE for one in RESOURCES),
        _number(record.get("decision_us"), ".0f"),
        _number(record.get("decision_alone_us"), ".0f"),
    ]


def _earned(record: Mapping[str, Any], beside: Sequence[str]) -> list[str]:
    """Mean reward of an episode, part of the arrivals that was served, and what stands beside."""
    rewards, means = record["reward_per_episode"], record.get("beside", {})
    shown = (_number(record.get("served_percent"), ".1f"), *(_number(means.get(name), ".2f") for name in beside))
    return [f"{sum(rewards) / len(rewards):.1f}", *shown]


def difference_cell(record: Mapping[str, Any]) -> str:
    """The paired difference to the oracle, requests/s, with its 95 % interval."""
    mean, low, high = (_number(value, "+.3f") for value in record["difference_to_oracle_per_s"].values())
    return f"{mean} [{low}, {high}]"


def _number(value: float | None, form: str) -> str:
    return NO_VALUE if value is None else format(value, form)


def interval_half_widths(records: Sequence[Mapping[str, Any]]) -> list[float]:
    """Half of each record's 95 % interval of the paired difference, requests/s; 0 where a single workload has none."""
    intervals = [record["difference_to_oracle_per_s"] for record in records]
    return [0.0 if one["low"] is None else (one["high"] - one["low"]) / 2 for one in intervals]
