"""How close hindsight's bound comes to its schedule, in what time, and what of the gap the look-ahead rule closes."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

import numpy as np

from baselines.dftsp import DFTSP
from baselines.episode import EpisodeProblem
from baselines.hindsight import LagrangianHindsight
from baselines.playing import served_by
from baselines.tuning import tuned_look_ahead
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.generator import draw_workload
from edge_llm_env.workload.streams import Stream, draw_workloads


def hindsight_benchmark(scenario: str, rates_per_s: tuple[float, ...], episodes: int, seed: int) -> dict[str, Any]:
    """One entry per arrival rate of a preset (requests/s). Raises ValueError for less than one episode."""
    if episodes < 1:
        raise ValueError(f"episodes = {episodes}: must be at least 1")
    warm_up(load_scenario(scenario))
    return {
        "scenario": scenario,
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "seed": seed,
        "rates": [
            at_rate(load_scenario(scenario, **{"workload.arrivals.rate_per_s": rate}), episodes, seed)
            for rate in rates_per_s
        ],
    }


def at_rate(scenario: Scenario, episodes: int, seed: int) -> dict[str, Any]:
    """Every tape of one scenario, and what they come to together."""
    workloads = draw_workloads(scenario, episodes, seed, Stream.EVALUATION)
    started_s = time.perf_counter()
    rule = tuned_look_ahead(scenario, seed)
    tuning_s = time.perf_counter() - started_s
    dftsp, look_ahead = served_by(DFTSP(), scenario, workloads), served_by(rule, scenario, workloads)
    tapes = []
    for tape, workload in enumerate(workloads):
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        found = LagrangianHindsight().solve(EpisodeProblem.of_workload(scenario, workload))
        tapes.append(
            {
                "dftsp": int(dftsp[tape]),
                "look_ahead": int(look_ahead[tape]),
                "schedule": found.value,
                "upper_bound": found.upper_bound,
                "gap_percent": 100.0 * found.gap,
                "seconds": time.perf_counter() - started_s,
                "cpu_seconds": time.process_time() - started_cpu_s,
                "iterations": found.iterations,
            }
        )
    return {
        "rate_per_s": scenario.workload.arrivals.mean_rate_per_s,
        "discount": rule.discount,
        "tuning_seconds": tuning_s,
    } | (summary(tapes) | {"tapes": tapes})


def summary(tapes: list[dict[str, Any]]) -> dict[str, Any]:
    """Means and extremes over tapes."""
    totals = {name: sum(tape[name] for tape in tapes) for name in ("dftsp", "look_ahead", "schedule", "upper_bound")}
    gained, possible = totals["look_ahead"] - totals["dftsp"], totals["schedule"] - totals["dftsp"]
    gaps = [tape["gap_percent"] for tape in tapes]
    return {
        "percent_of_dftsp": {name: 100.0 * total / max(1, totals["dftsp"]) for name, total in totals.items()},
        "look_ahead_closes_percent_of_gap_to_schedule": 100.0 * gained / possible if possible else None,
        "gap_percent": {"mean": float(np.mean(gaps)), "most": max(gaps)},
        "tapes_within_1_percent": sum(gap <= 1.0 for gap in gaps),
    } | {
        name: {"mean": float(np.mean([tape[name] for tape in tapes])), "most": max(tape[name] for tape in tapes)}
        for name in ("seconds", "cpu_seconds")
    }


def warm_up(scenario: Scenario) -> None:
    """Compile every kernel, so that no measurement includes that."""
    workload = draw_workload(scenario, np.random.default_rng(0))
    LagrangianHindsight(1, restarts=1, moves_per_offer=1).solve(EpisodeProblem.of_workload(scenario, workload))
    served_by(DFTSP(), scenario, [workload])
