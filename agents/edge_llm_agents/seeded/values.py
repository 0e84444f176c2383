"""Searching for a value function with several seeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from edge_llm_agents.evaluation.references import References
from edge_llm_agents.seeded.runs import Run, Trained, judge_runs
from edge_llm_agents.value_search.search import Progress, SearchSettings, search
from edge_llm_env.scenarios import Scenario

ALGORITHM = "cross-entropy method"


def train_seeds(
    scenario_name: str,
    overrides: dict[str, Any],
    settings: SearchSettings,
    seeds: Sequence[int],
    references: References,
    report: Callable[[int, Progress], None] = lambda seed, progress: None,
) -> Iterator[Trained]:
    """Search with every seed and judge each on the references' workloads; after each what there is so far."""
    header = {
        "scenario": scenario_name,
        "overrides": overrides,
        "algorithm": ALGORITHM,
        "hyperparameters": asdict(settings),
    }
    return judge_runs(header, (_run(references.scenario, settings, seed, report) for seed in seeds), references)


def _run(scenario: Scenario, settings: SearchSettings, seed: int, report: Callable[[int, Progress], None]) -> Run:
    started_s = time.perf_counter()
    found = search(scenario, settings, seed, lambda progress: report(seed, progress))
    return Run(
        seed=seed,
        seconds=time.perf_counter() - started_s,
        training_steps=found.epoch_steps,
        policy=found.policy,
        curve=[progress._asdict() for progress in found.curve],
        more={"first_discount": found.discount},
    )
