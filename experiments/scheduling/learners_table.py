"""What MaskablePPO has learned of scheduling an engine, as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_llm_agents.records.intervals import Interval
from edge_llm_env.support.tables import NO_VALUE, Table

NETWORKS = {"plain": "`MlpPolicy`", "sets": "`EngineSetPolicy`, cloned first"}
"""By the way to learn."""


def learners_table(record: Mapping[str, Any]) -> Table:
    """Every run by preset, way and seed, in percent of what the tuned rule serves of the same workloads."""
    presets, ways = list(record["beside"]), list(NETWORKS)
    rows = []
    for run in sorted(
        record["runs"], key=lambda one: (presets.index(one["scenario"]), ways.index(one["way"]), one["seed"])
    ):
        beside = record["beside"][run["scenario"]]
        rows.append(
            (
                f"`{run['scenario']}`",
                f"{beside['cheapest']:.1f}",
                f"{_percent(beside, 'vllm')}, {_percent(beside, 'random')}",
                NETWORKS[run["way"]],
                f"{run['seed']}",
                f"{run['seconds']:.0f}",
                f"{run['cloning_s']:.0f}" if "cloned" in run else NO_VALUE,
                f"{run['decisions']:,}",
                f"{run['untrained']['likeliest']['percent_of_rule']['mean']:.0f}",
                _reached(run["cloned"], "likeliest") if "cloned" in run else NO_VALUE,
                _reached(run["trained"], "likeliest"),
                _reached(run["trained"], "drawn"),
            )
        )
    headings = (
        "scenario", "100 %: the tuned rule, served per episode", "vLLM's order, random open actions, %", "network",
        "seed", "processor, s", "of it cloning, s", "PPO's decisions", "untrained, %", "cloned, % [95 % CI]",
        "trained, % [95 % CI]", "its actions drawn, % [95 % CI]",
    )  # fmt: skip
    return Table(headings, rows)


def _percent(beside: Mapping[str, float], key: str) -> str:
    return f"{100.0 * beside[key] / beside['cheapest']:.0f}"


def _reached(judged: Mapping[str, Any], how: str) -> str:
    return Interval(**judged[how]["percent_of_rule"]).text(".1f")
