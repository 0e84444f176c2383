"""Searching for a learned allocation with several seeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from edge_llm_agents.allocations.search import AllocationSettings, Progress, search_allocation
from edge_llm_agents.evaluation.rivals import Rivals
from edge_llm_agents.records.intervals import Interval
from edge_llm_agents.seeded.runs import Run, Trained, judge_runs

ALGORITHM = "cross-entropy method"


def train_seeds(
    scenario_name: str,
    overrides: dict[str, Any],
    settings: AllocationSettings,
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


def _run(rivals: Rivals, settings: AllocationSettings, seed: int, report: Callable[[int, Progress], None]) -> Run:
    started_s = time.perf_counter()
    found = search_allocation(rivals.env_id, rivals.scenario, settings, seed, lambda progress: report(seed, progress))
    return Run(
        seed=seed,
        seconds=time.perf_counter() - started_s,
        training_steps=found.epoch_steps,
        policy=found.policy,
        curve=[progress._asdict() for progress in found.curve],
        more={},
    )


def as_line(run: dict[str, Any], rivals: Rivals) -> str:
    """A judged run for a reader."""
    to_oracle, to_rule = (Interval(**run[f"difference_to_{one}_percent"]) for one in ("oracle", "best_rule"))
    reached = f"{to_oracle.plus(100.0).text('.2f')} % of the oracle, above {rivals.best_rule} by"
    return f"seed {run['seed']}: {reached} {to_rule.text('+.2f')} %, {run['seconds']:.0f} s"
