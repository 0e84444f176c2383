"""The tables of what learning is worth on agent tasks, made from recorded trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge_llm_agents.records.intervals import Interval
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.support.tables import NO_VALUE, Table

NAMES = ("calls-agents-chain", "calls-agents-plan", "calls-agents-team")
"""Recorded trainings of values of calls by the name of the policy, in the order of the table."""

SHOWN_BESIDE_CALLS = ("fewest-calls", "task-admission", "task-index", "told-calls")
"""Rules by their keys, from what knows least on."""

ORDER = "calls-agents-chain-continuous"
"""The recorded training of an order of calls on an engine."""

SHOWN_BESIDE_ORDER = ("vllm", "sjf", "slack", "fewest-calls")
"""Schedulers likewise."""

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

    rows = [row(known[references["oracle"]].name, _oracle(references))]
    rows += [row(known[key].name, references["rules"][key]) for key in SHOWN]
    rows += [row(_seed(record, run), run) for run in record["runs"]]
    return Table(
        ("policy", "completed", "% of DFTSP [95 % CI]", "more than judged by, %", "reward", "times its reward"), rows
    )


def calls_table(trainings: Mapping[str, Any]) -> Table:
    """Of recorded trainings, by the policy's name: DFTSP, rules and every seed, tasks completed of each.

    Points of DFTSP are those above the best rule that is told nothing which no observation shows.
    """
    rows = [
        (record["scenario"], *row)
        for record in trainings.values()
        for row in _rows_above_best_rule(record, SHOWN_BESIDE_CALLS)
    ]
    return Table(("preset", "policy", "completed", "% of DFTSP [95 % CI]", "points above the best rule"), rows)


def order_table(record: Mapping[str, Any]) -> Table:
    """Of a recorded training: schedulers and every seed, tasks completed of each, beside cheapest first."""
    header = ("policy", "completed", "% of cheapest first [95 % CI]", "points above the best rule")
    return Table(header, _rows_above_best_rule(record, SHOWN_BESIDE_ORDER))


def _rows_above_best_rule(record: Mapping[str, Any], shown: Sequence[str]) -> list[tuple[str, ...]]:
    """The oracle, the rules of these keys and every seed: tasks completed, % of the oracle's, points above the rule."""
    references, known = record["references"], baselines_of(record["environment"]).rules
    per_percent = references["oracle_served"] / references["episodes"] / 100.0
    everybody = {known[references["oracle"]].name: _oracle(references)}
    everybody |= {known[key].name: references["rules"][key] for key in shown}
    everybody |= {_seed(record, run): run for run in record["runs"]}
    rows: list[tuple[str, ...]] = []
    for name, one in everybody.items():
        above = one.get("difference_to_best_rule_percent")
        rows.append(
            (
                f"{name}, best rule" if name == known[references["best_rule"]].name else name,
                f"{per_percent * one['percent_of_oracle']:.1f}",
                Interval(**one["difference_to_oracle_percent"]).plus(100.0).text(".1f"),
                NO_VALUE if above is None else Interval(**above).text("+.1f"),
            )
        )
    return rows


def _oracle(references: Mapping[str, Any]) -> dict[str, Any]:
    """DFTSP as rules are told of."""
    return {
        "percent_of_oracle": 100.0,
        "difference_to_oracle_percent": {"mean": 0.0, "low": 0.0, "high": 0.0},
        "reward": references["oracle_reward"],
    }


def _seed(record: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """What a seed's policy is called in a table."""
    return f"learned, seed {run['seed']}{', shipped' if run['seed'] == record['median_seed'] else ''}"
