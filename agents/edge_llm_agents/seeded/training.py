"""Training with several seeds, by any way to learn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from edge_llm_agents.evaluation.judging import Judge
from edge_llm_agents.seeded.learners import LEARNERS, Settings
from edge_llm_agents.seeded.runs import Asked, Run, Trained, judge_runs


def train_seeds(
    scenario_name: str,
    overrides: dict[str, Any],
    settings: Settings,
    seeds: Sequence[int],
    judge: Judge[Any, Any],
    report: Callable[[int, Any], None] = lambda seed, progress: None,
) -> Iterator[Trained]:
    """Learn with every seed for the judge's scenario and have each judged; after each what there is so far.

    The way to learn follows from the type of the settings. The name and the overrides say what records call the
    scenario. `report` is told the seed, and how far its run is.
    """
    algorithm, learn = LEARNERS[type(settings)]

    def run_of(seed: int) -> Run:
        started_s = time.perf_counter()
        learned = learn(judge.env_id, judge.scenario, settings, seed, partial(report, seed))
        return Run(seed, time.perf_counter() - started_s, learned)

    asked = Asked(scenario_name, overrides, algorithm, asdict(settings))
    return judge_runs(asked, map(run_of, seeds), judge)
