"""How close hindsight's bound comes to its schedule, in what time, and what of the gap the look-ahead rule closes."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.hindsight import LagrangianHindsight
from edge_llm_baselines.playing.roll_out import served_by
from edge_llm_baselines.rules.tuning import tuned_look_ahead
from edge_llm_baselines.solvers.dftsp import DFTSP
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
        "seed": seed,
        "rates": [
            at_rate(load_scenario(scenario, **{"workload.arrivals.rate_per_s": rate}), episodes, seed)
            for rate in rates_per_s
        ],
    }


def at_rate(scenario: Scenario, episodes: int, seed: int) -> dict[str, Any]:
    """Every workload of one scenario, and what they come to together."""
    workloads = draw_workloads(scenario, episodes, seed, Stream.EVALUATION)
    started_s = time.perf_counter()
    rule = tuned_look_ahead(scenario, seed)
    tuning_s = time.perf_counter() - started_s
    dftsp, look_ahead = served_by(DFTSP(), scenario, workloads), served_by(rule, scenario, workloads)
    measured = []
    for at, workload in enumerate(workloads):
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        found = LagrangianHindsight().solve(EpisodeProblem.of_workload(scenario, workload))
        measured.append(
            {
                "dftsp": int(dftsp[at]),
                "look_ahead": int(look_ahead[at]),
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
    } | (summary(measured) | {"episodes": measured})


def summary(episodes: list[dict[str, Any]]) -> dict[str, Any]:
    """Means and extremes over workloads."""
    totals = {name: sum(one[name] for one in episodes) for name in ("dftsp", "look_ahead", "schedule", "upper_bound")}
    gained, possible = totals["look_ahead"] - totals["dftsp"], totals["schedule"] - totals["dftsp"]
    gaps = [one["gap_percent"] for one in episodes]
    return {
        "percent_of_dftsp": {name: 100.0 * total / max(1, totals["dftsp"]) for name, total in totals.items()},
        "look_ahead_closes_percent_of_gap_to_schedule": 100.0 * gained / possible if possible else None,
        "gap_percent": {"mean": float(np.mean(gaps)), "most": max(gaps)},
        "workloads_within_1_percent": sum(gap <= 1.0 for gap in gaps),
    } | {
        name: {
            "mean": float(np.mean([one[name] for one in episodes])),
            "most": max(one[name] for one in episodes),
        }
        for name in ("seconds", "cpu_seconds")
    }


def warm_up(scenario: Scenario) -> None:
    """Compile every kernel, so that no measurement includes that."""
    workload = draw_workload(scenario, np.random.default_rng(0))
    LagrangianHindsight(1, restarts=1, moves_per_offer=1).solve(EpisodeProblem.of_workload(scenario, workload))
    served_by(DFTSP(), scenario, [workload])
