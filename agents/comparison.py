"""The main job: policies side by side on the same tapes, as a table, a JSON record and a bar chart."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from agents.evaluation import Evaluation, paired_difference
from agents.files import write_text
from baselines import (
    DFTSP,
    EarliestDeadlineFirst,
    FirstComeFirstServed,
    NoBatching,
    RandomOrder,
    ShortestJobFirst,
    Solver,
    StaticBatching,
)
from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.scenarios import Scenario

ORACLE = "DFTSP"


def baseline_solvers(scenario: Scenario, seed: int) -> dict[str, Callable[[], Solver]]:
    """Every baseline of the comparison by the name that the table shows."""
    return {
        ORACLE: DFTSP,
        "shortest job first": ShortestJobFirst,
        "random order": lambda: RandomOrder(seed),
        "first come first served": FirstComeFirstServed,
        "StB (static batching)": lambda: StaticBatching.for_scenario(scenario),
        "earliest deadline first": EarliestDeadlineFirst,
        "NoB (no batching)": NoBatching,
    }


def summarise(evaluations: Mapping[str, Evaluation]) -> list[dict[str, Any]]:
    """One record per policy, the most served first, each compared with DFTSP tape by tape."""
    oracle = evaluations[ORACLE]
    records = []
    for name, evaluation in evaluations.items():
        difference = paired_difference(evaluation.throughput_per_s, oracle.throughput_per_s)
        records.append(
            {
                "policy": name,
                "throughput_per_s": float(evaluation.throughput_per_s.mean()),
                "difference_to_dftsp_per_s": difference._asdict(),
                "percent_of_dftsp": 100.0 * float(evaluation.served.sum() / max(1, oracle.served.sum())),
                "on_time_percent": 100.0 * evaluation.on_time,
                "mean_batch": evaluation.mean_batch,
                "utilisation": dict(zip(RESOURCES, evaluation.utilisation.mean(axis=0).tolist(), strict=True)),
                "decision_us": 1e6 * evaluation.decision_s,
                "served_per_episode": evaluation.served.tolist(),
            }
        )
    return sorted(records, key=lambda record: -record["throughput_per_s"])


def as_markdown(records: list[dict[str, Any]]) -> str:
    """The records as a Markdown table, columns aligned so that it reads in a terminal too."""
    headings = ["policy", "requests/s", "difference to DFTSP [95 % CI]", "% of DFTSP", "on time %", "batch"]
    headings += [f"{resource} %" for resource in RESOURCES] + ["µs/decision"]
    rows = [headings, *(_cells(record) for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(headings))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [
        [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        for row in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:]))


def _cells(record: dict[str, Any]) -> list[str]:
    difference = record["difference_to_dftsp_per_s"]
    interval = f"{difference['mean']:+.3f} [{difference['low']:+.3f}, {difference['high']:+.3f}]"
    return [
        record["policy"],
        f"{record['throughput_per_s']:.3f}",
        "–" if record["policy"] == ORACLE else interval,
        f"{record['percent_of_dftsp']:.2f}",
        f"{record['on_time_percent']:.1f}",
        f"{record['mean_batch']:.2f}",
        *(f"{100 * share:.1f}" for share in record["utilisation"].values()),
        f"{record['decision_us']:.0f}",
    ]


def as_json(scenario: Scenario, settings: Mapping[str, Any], records: list[dict[str, Any]]) -> str:
    """The comparison as JSON: what was run, with which versions, and every episode's result."""
    packages = ("edge-llm-env", "gymnasium", "numpy", "numba", "stable-baselines3", "sb3-contrib", "torch")
    return json.dumps(
        {
            "scenario": scenario.name,
            "scenario_fingerprint": scenario.fingerprint(),
            "settings": dict(settings),
            "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
            "policies": records,
        },
        indent=1,
    )


def save_results(scenario: Scenario, settings: Mapping[str, Any], records: list[dict[str, Any]], folder: Path) -> Path:
    """Write `compare-<scenario>.json` and, where Matplotlib is installed, `.png`; the JSON file's path."""
    file = folder / f"compare-{scenario.name}.json"
    write_text(file, as_json(scenario, settings, records) + "\n")
    draw_chart(scenario, records, file.with_suffix(".png"))
    return file


def draw_chart(scenario: Scenario, records: list[dict[str, Any]], file: Path) -> None:
    """Draw throughput as bars, with the interval of the paired difference to DFTSP."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 0.5 * len(records) + 1.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    names = [record["policy"] for record in records]
    throughput = [record["throughput_per_s"] for record in records]
    half_widths = [
        (record["difference_to_dftsp_per_s"]["high"] - record["difference_to_dftsp_per_s"]["low"]) / 2
        for record in records
    ]
    colours = ["#4c78a8" if name == ORACLE else "#f58518" if "PPO" in name else "#bab0ac" for name in names]
    bars = axes.barh(names, throughput, xerr=half_widths, color=colours, ecolor="#333333", capsize=3)
    labels = [f"{record['percent_of_dftsp']:.1f} %" for record in records]
    axes.bar_label(bars, labels=labels, padding=6, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * max(throughput))
    axes.set_xlabel("throughput (requests/s); bars: 95 % interval of the paired difference to DFTSP")
    axes.set_title(f"{scenario.name}: throughput and percent of DFTSP")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=150)
