"""Searching for a learned scheduler with several seeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from edge_llm_agents.evaluation.rivals import Rivals
from edge_llm_agents.scheduling.search import Progress, SchedulerSettings, search_scheduler
from edge_llm_agents.seeded.allocations import ALGORITHM
from edge_llm_agents.seeded.runs import Run, Trained, judge_runs


def train_seeds(
    scenario_name: str,
    overrides: dict[str, Any],
    settings: SchedulerSettings,
    seeds: Sequence[int],
    rivals: Rivals,
    report: Callable[[int, Progress], None] = lambda seed, progress: None,
) -> Iterator[Trained]:
    """Search with every seed and judge each on the rivals' workloads; after each what there is so far."""
    header = {
        "scenario": scenario_name,
        "overrides": overrides,
        "algorithm": ALGORITHM,
        "hyperparameters": asdict(settings),
    }
    return judge_runs(header, (_run(rivals, settings, seed, report) for seed in seeds), rivals)


def _run(rivals: Rivals, settings: SchedulerSettings, seed: int, report: Callable[[int, Progress], None]) -> Run:
    started_s = time.perf_counter()
    found = search_scheduler(rivals.scenario, settings, seed, lambda progress: report(seed, progress))
    return Run(
        seed=seed,
        seconds=time.perf_counter() - started_s,
        training_steps=found.epoch_steps,
        policy=found.policy,
        curve=[progress._asdict() for progress in found.curve],
        more={},
    )
