"""How right and how fast the exact epoch of service levels is, beside HiGHS."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from edge_llm_agents.records.record import write_record
from edge_llm_baselines.levels.decoding import AT_PLAY
from edge_llm_baselines.levels.epoch import epoch_of_row
from edge_llm_baselines.levels.exact.best_levels import BestLevels
from edge_llm_baselines.levels.exact.milp import LevelsMilp
from edge_llm_baselines.levels.exact.problem import LevelsProblem
from edge_llm_env.envs.suite import SERVICE_LEVEL
from edge_llm_env.support.outputs import OutputFolder
from experiments.benchmarks.counts import check_counts
from experiments.proofs.level_instances import random_epoch

EQUAL = 1e-6
"""Relative; HiGHS itself is that exact at best."""


@dataclass(frozen=True)
class Levels:
    """Solve random epochs, and epochs of presets as the exact policy meets them, with `BestLevels` and HiGHS.

    Writes level_benchmark.json and prints it. Where the two differ the search is wrong, unless it is worth more.
    """

    instances: int = 2000
    """Random ones, and as many of few kinds of requests."""
    requests: int = 10
    """Most of these."""
    epochs: int = 60
    """Of each preset, as the exact policy meets them."""
    scenarios: tuple[str, ...] = ("service-levels", "specialists")
    """Presets' names."""
    seed: int = 0
    results: OutputFolder = Path("results")
    """Folder of level_benchmark.json."""

    def run(self) -> int:
        """Solve, write and print; 1 if the search was wrong."""
        check_counts(instances=self.instances, requests=self.requests, epochs=self.epochs)
        report: dict[str, Any] = {"settings": {k: v for k, v in asdict(self).items() if k != "results"}}
        for family, kinds in (("random", None), ("alike", 3)):
            rng = np.random.default_rng(self.seed)
            report[family] = compared(random_epoch(rng, self.requests, kinds=kinds) for _ in range(self.instances))
        for name in self.scenarios:
            report[name] = compared(epochs_of(name, self.epochs, self.seed))
        print(write_record(self.results / "level_benchmark.json", report), end="")
        return int(any(found["wrong"] for key, found in report.items() if key != "settings"))


def epochs_of(scenario: str, epochs: int, seed: int) -> Iterator[LevelsProblem]:
    """The epochs of an episode in which the best levels are taken, and a module loads something else now and then."""
    env: Any = gym.make(SERVICE_LEVEL, scenario=scenario).unwrapped
    env.reset(seed=seed)
    rng, solver, slots = np.random.default_rng(seed), BestLevels(), env.scenario.epoch.visible_slots
    modules, variants = env.scenario.node.modules, len(env.scenario.variants)
    for _ in range(min(epochs, env.scenario.epoch.episode_epochs)):
        known, levels = epoch_of_row(env.simulation), np.zeros(slots, dtype=np.int64)
        if known.problem is not None:
            yield known.problem
            levels = known.levels(solver.solve(known.problem).choice, slots)
        targets = np.where(rng.random(modules) < 0.05, rng.integers(1, 1 + variants, modules), 0)
        env.step(np.concatenate((levels, targets)))


def compared(problems: Iterator[LevelsProblem]) -> dict[str, Any]:
    """What both find, and the processor time that each takes."""
    search, stopping, highs = BestLevels(), BestLevels(AT_PLAY), LevelsMilp()
    took: dict[str, list[float]] = {"search_ms": [], "highs_ms": []}
    nodes, wrong, unproven, better, most, played, cut_off = [], 0, 0, 0, 0.0, 0.0, 0
    for problem in problems:
        started_s = time.process_time()
        found = search.solve(problem)
        took["search_ms"].append(1e3 * (time.process_time() - started_s))
        started_s = time.process_time()
        other = problem.value(highs.solve(problem))
        took["highs_ms"].append(1e3 * (time.process_time() - started_s))
        nodes.append(found.nodes)
        some = stopping.solve(problem)
        most, played, cut_off = most + found.value, played + some.value, cut_off + (not some.optimal)
        unproven += not found.optimal
        wrong += not problem.is_feasible(found.choice) or (found.optimal and found.value < other * (1.0 - EQUAL))
        better += found.value > other * (1.0 + EQUAL)
    said: dict[str, Any] = {name: summary(times[1:]) for name, times in took.items()}  # the first compiles or loads
    return {
        "problems": len(nodes),
        "wrong": wrong,
        "unproven": unproven,
        "better_than_highs": better,
        "nodes": summary(nodes),
        "at_play": {
            "node_limit": AT_PLAY,
            "unproven": cut_off,
            "value_percent": 100.0 * played / most if most > 0.0 else 100.0,
        },
    } | said


def summary(numbers: Sequence[float]) -> dict[str, float]:
    """Median, mean and the largest."""
    return {"median": float(np.median(numbers)), "mean": float(np.mean(numbers)), "most": float(np.max(numbers))}
