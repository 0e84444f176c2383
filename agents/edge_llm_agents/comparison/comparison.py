"""The main job: policies side by side on the same workloads, as a table, a JSON record and a bar chart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.evaluation.playing import paired_difference
from edge_llm_agents.records.record import provenance, write_record
from edge_llm_baselines import (
    DFTSP,
    EarliestDeadlineFirst,
    FirstComeFirstServed,
    NoBatching,
    RandomOrder,
    ShortestJobFirst,
    Solver,
    StaticBatching,
    tuned_look_ahead,
)
from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.playing.roll_out import RollOut
from edge_llm_env.dynamics.state import RESOURCES
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.tables import NO_VALUE, Table

ORACLE = "DFTSP"
BOUND = "hindsight bound"
SCHEDULE = "hindsight schedule"


def baseline_solvers(scenario: Scenario, seed: int) -> dict[str, Callable[[], Solver]]:
    """Every baseline of the comparison by the name that the table shows."""
    return {
        ORACLE: DFTSP,
        "look-ahead": lambda: tuned_look_ahead(scenario, seed),
        "shortest job first": ShortestJobFirst,
        "random order": lambda: RandomOrder(seed),
        "first come first served": FirstComeFirstServed,
        "StB (static batching)": lambda: StaticBatching.for_scenario(scenario),
        "earliest deadline first": EarliestDeadlineFirst,
        "NoB (no batching)": NoBatching,
    }


def summarise(
    evaluations: Mapping[str, RollOut],
    hindsight: HindsightBounds | None = None,
    alone_s: Mapping[str, float] | None = None,
) -> list[dict[str, Any]]:
    """One record per policy, the most served first, each compared with DFTSP workload by workload.

    `hindsight`, of the first workloads of the evaluations, adds a record for its bound and one for its best schedule,
    and to every record the percentage of the gap from DFTSP to the bound that it closes on those workloads. `alone_s`
    has the time that a policy takes for an epoch when it decides for a single node, not for all workloads at once.
    """
    oracle = evaluations[ORACLE]
    records = [
        _record(name, evaluation.served, oracle, hindsight)
        | {
            "on_time_percent": 100.0 * evaluation.on_time,
            "mean_batch": evaluation.mean_batch,
            "utilisation": dict(zip(RESOURCES, evaluation.utilisation.mean(axis=0).tolist(), strict=True)),
            "decision_us": 1e6 * evaluation.decision_s,
        }
        | ({} if alone_s is None else {"decision_alone_us": 1e6 * alone_s[name]})
        for name, evaluation in evaluations.items()
    ]
    if hindsight is not None:
        records.append(_record(BOUND, hindsight.upper_bound, oracle, hindsight))
        records.append(_record(SCHEDULE, hindsight.served, oracle, hindsight))
    return sorted(records, key=lambda record: -record["percent_of_dftsp"])


def _record(name: str, served: NDArray[np.int64], oracle: RollOut, hindsight: HindsightBounds | None) -> dict[str, Any]:
    """What can be said of the requests served on the oracle's workloads, or on the first of them."""
    duration_s = oracle.epochs * oracle.epoch_s
    oracle_served = oracle.served[: len(served)]
    difference = paired_difference(served / duration_s, oracle_served / duration_s)
    gap_closed = None
    if hindsight is not None:
        episodes = len(hindsight.upper_bound)
        gap = int((hindsight.upper_bound - oracle.served[:episodes]).sum())
        gained = int((served[:episodes] - oracle.served[:episodes]).sum())
        gap_closed = 100.0 * gained / gap if gap > 0 else None
    return {
        "policy": name,
        "episodes": len(served),
        "throughput_per_s": float(served.mean() / duration_s),
        "difference_to_dftsp_per_s": {
            part: value if math.isfinite(value) else None for part, value in difference._asdict().items()
        },
        "percent_of_dftsp": 100.0 * float(served.sum() / max(1, oracle_served.sum())),
        "gap_closed_percent": gap_closed,
        "served_per_episode": served.tolist(),
    }


def comparison_table(records: list[dict[str, Any]]) -> Table:
    """The comparison with a row per record."""
    headings = ["policy", "requests/s", "difference to DFTSP [95 % CI]", "% of DFTSP", "gap closed %", "on time %"]
    headings += ["batch", *(f"{resource} %" for resource in RESOURCES), "µs/decision", "alone µs"]
    return Table(headings, [_cells(record) for record in records])


def _cells(record: dict[str, Any]) -> list[str]:
    """One row of the table; what a record does not have is a dash."""

    def number(value: float | None, form: str) -> str:
        return NO_VALUE if value is None else format(value, form)

    mean, low, high = (number(value, "+.3f") for value in record["difference_to_dftsp_per_s"].values())
    utilisation = record.get("utilisation", {})
    return [
        record["policy"],
        f"{record['throughput_per_s']:.3f}",
        NO_VALUE if record["policy"] == ORACLE else f"{mean} [{low}, {high}]",
        f"{record['percent_of_dftsp']:.2f}",
        number(record["gap_closed_percent"], ".1f"),
        number(record.get("on_time_percent"), ".1f"),
        number(record.get("mean_batch"), ".2f"),
        *(f"{100 * utilisation[one]:.1f}" if one in utilisation else NO_VALUE for one in RESOURCES),
        number(record.get("decision_us"), ".0f"),
        number(record.get("decision_alone_us"), ".0f"),
    ]


def comparison_record(scenario: Scenario, settings: Mapping[str, Any], records: list[dict[str, Any]]) -> dict[str, Any]:
    """The comparison as JSON can hold it: what was run, with which versions, and every episode's result."""
    return {
        "provenance": provenance(),
        "scenario": scenario.name,
        "scenario_fingerprint": scenario.fingerprint(),
        "settings": dict(settings),
        "policies": records,
    }


def save_results(
    scenario: Scenario, settings: Mapping[str, Any], records: list[dict[str, Any]], folder: Path
) -> list[Path]:
    """Write `compare-<scenario>.json` and, if Matplotlib is installed, `.png`; the files written."""
    file = folder / f"compare-{scenario.name}.json"
    write_record(file, comparison_record(scenario, settings, records))
    if find_spec("matplotlib") is None:
        return [file]
    draw_chart(scenario, records, file.with_suffix(".png"))
    return [file, file.with_suffix(".png")]


def policy_colours(scenario: Scenario, records: list[dict[str, Any]]) -> dict[str, str]:
    """The colour of each policy in charts, by what it is: the oracle, hindsight, a heuristic, or learned."""
    plain = dict.fromkeys(baseline_solvers(scenario, seed=0), "#bab0ac")
    special = {ORACLE: "#4c78a8", BOUND: "#54a24b", SCHEDULE: "#88c980"}
    return {record["policy"]: (plain | special).get(record["policy"], "#f58518") for record in records}


def draw_chart(scenario: Scenario, records: list[dict[str, Any]], file: Path) -> None:
    """Draw throughput as bars, with the interval of the paired difference to DFTSP."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 0.5 * len(records) + 1.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    names = [record["policy"] for record in records]
    throughput = [record["throughput_per_s"] for record in records]
    intervals = [record["difference_to_dftsp_per_s"] for record in records]
    half_widths = [0.0 if one["low"] is None else (one["high"] - one["low"]) / 2 for one in intervals]
    colours = policy_colours(scenario, records)
    bars = axes.barh(names, throughput, xerr=half_widths, color=list(colours.values()), ecolor="#333333", capsize=3)
    labels = [f"{record['percent_of_dftsp']:.1f} %" for record in records]
    axes.bar_label(bars, labels=labels, padding=6, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * max(throughput))
    axes.set_xlabel("throughput (requests/s); bars: 95 % interval of the paired difference to DFTSP")
    axes.set_title(f"{scenario.name}: throughput and percent of DFTSP")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=150)
