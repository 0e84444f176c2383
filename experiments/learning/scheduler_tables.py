"""The tables of what learned schedulers of an engine's iterations reach, made from recorded trainings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from edge_llm_agents.pretrained.shipped import PRETRAINED
from edge_llm_agents.records.intervals import Interval
from edge_llm_agents.records.record import read_record
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.support.tables import NO_VALUE, Table

NAMES = (
    "continuous-chat-4090",
    "continuous-chat-4090-overload",
    "continuous-chat-4090-unknown",
    "continuous-chat-orin",
    "continuous-chat-orin-overload",
    "continuous-long-context",
    "continuous-long-context-overload",
)
"""Recorded trainings by the name of the policy, in the order of the table."""


def schedulers_table(trainings: Mapping[str, Any], schedules: Mapping[str, Any]) -> Table:
    """Of recorded trainings, by the policy's name, what its card says against the tuned rules, and what part of the gap
    from the rule to hindsight is closed; by measured schedules (`measure_schedules`) of the presets.
    """
    rows = []
    for name, record in trainings.items():
        card = read_record(PRETRAINED / f"{name}.json")
        run, references = card["evaluation"], card["evaluation"]["references"]
        best, second = references["oracle"], references["best_rule"]
        rules = baselines_of(card["environment"]).rules
        reached = [one["percent_of_oracle"] for one in record["runs"]]
        rows.append(
            (
                f"`{name}`",
                f"{rules[best].name}, {references['oracle_served'] / references['episodes']:.1f}",
                f"{rules[second].name}, {references['rules'][second]['percent_of_oracle']:.1f}",
                Interval(**run["difference_to_oracle_percent"]).plus(100.0).text(".1f"),
                f"{len(reached)}: {min(reached):.1f} to {max(reached):.1f}",
                *_of_the_gap(schedules[record["scenario"]]["hindsight"]),
                f"{median(one['seconds'] for one in record['runs']):.0f} s",
            )
        )
    headings = (
        "policy", "100 %: the tuned rule, served per episode", "next rule, %", "% of the rule [95 % CI], median seed",
        "seeds, %", "of the gap to the best schedule known, %", "to the bound, %", "training",
    )  # fmt: skip
    return Table(headings, rows)


def _of_the_gap(hindsight: Mapping[str, int]) -> Iterator[str]:
    """What part of the way from the best rule to the schedule and to the bound the learned policy goes."""
    for most in ("schedule", "bound"):
        gap = hindsight[most] - hindsight["rule"]
        yield f"{100 * (hindsight['learned'] - hindsight['rule']) / gap:.0f}" if gap > 0 else NO_VALUE
