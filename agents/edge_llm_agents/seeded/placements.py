"""Fitting learned placement with several seeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from edge_llm_agents.evaluation.rivals import Rivals
from edge_llm_agents.placement.fitting import PlacementSettings, fit_placement
from edge_llm_agents.seeded.runs import Run, Trained, judge_runs

ALGORITHM = "supervised regression"


def train_seeds(
    scenario_name: str,
    overrides: dict[str, Any],
    settings: PlacementSettings,
    seeds: Sequence[int],
    rivals: Rivals,
    report: Callable[[int, int], None] = lambda seed, step: None,
) -> Iterator[Trained]:
    """Fit with every seed and judge each on the rivals' workloads; after each what there is so far."""
    header = {
        "scenario": scenario_name,
        "overrides": overrides,
        "algorithm": ALGORITHM,
        "hyperparameters": asdict(settings),
    }
    return judge_runs(header, (_run(rivals, settings, seed, report) for seed in seeds), rivals)


def _run(rivals: Rivals, settings: PlacementSettings, seed: int, report: Callable[[int, int], None]) -> Run:
    started_s = time.perf_counter()
    policy = fit_placement(rivals.scenario, settings, seed, partial(report, seed))
    return Run(
        seed=seed,
        seconds=time.perf_counter() - started_s,
        training_steps=settings.episodes * rivals.scenario.epoch.episode_epochs,
        policy=policy,
        curve=[],
        more={},
    )
