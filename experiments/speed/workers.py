"""What two processes save over one on the same cells of the leaderboard, as joblib's own workers and as Ray's."""

from __future__ import annotations

import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from edge_llm_agents.leaderboard.jobs import Playing
from edge_llm_agents.leaderboard.policies.rules import Rule
from edge_llm_agents.leaderboard.running import register_ray, run_jobs
from edge_llm_agents.records.cells import read_cell
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.tables import Table

TOGETHER = 2
"""Workers that are held against one process."""


class Way(NamedTuple):
    """How cells are computed."""

    name: str
    backend: str
    """Of `edge_llm_agents.leaderboard.running.BACKENDS`."""
    workers: int


ALONE = Way("one process", "local", 1)
JOBLIB = Way(f"joblib, {TOGETHER} workers", "local", TOGETHER)
RAY = Way(f"Ray, {TOGETHER} workers", "ray", TOGETHER)
WAYS = (ALONE, JOBLIB, RAY)


def cells_to_play(scenario: Scenario, episodes: int, seeds: int) -> list[Playing]:
    """Every rule of `BatchSelection-v0` that has nothing tuned, so many seeds of each."""
    workload_set = WorkloadSet.of(scenario, episodes, 0)
    return [
        Playing(BATCH_SELECTION, rule.name, seed, Rule(key, None, seed), workload_set, TOGETHER)
        for key, rule in baselines_of(BATCH_SELECTION).playable(scenario, {}).items()
        for seed in range(seeds)
    ]


def measure_workers(scenario: Scenario, episodes: int, seeds: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Seconds that the cells take each way, by turns in every round, and their ratios, after each round.

    A round before has the start of joblib's workers and of Ray's cluster, and the loading of kernels. Ratios are
    medians of those within a round. Raises ValueError where Ray is not installed, RuntimeError where a way finds other
    results.
    """
    jobs = cells_to_play(scenario, episodes, seeds)
    try:
        first, later = _round(jobs), []
        for _ in range(rounds):
            later.append(_round(jobs))
            yield {
                "cells": len(jobs),
                "first_s": first,
                "rounds_s": {way.name: [taken_s[way.name] for taken_s in later] for way in WAYS},
                "ratios": {
                    "joblib_to_one": _ratio(later, JOBLIB, ALONE),
                    "ray_to_one": _ratio(later, RAY, ALONE),
                    "ray_to_joblib": _ratio(later, RAY, JOBLIB),
                },
            }
    finally:
        _end_ray()


def _ratio(rounds: Sequence[Mapping[str, float]], way: Way, other: Way) -> float:
    return statistics.median(taken_s[way.name] / taken_s[other.name] for taken_s in rounds)


def workers_table(report: dict[str, Any]) -> Table:
    """Seconds of the first round and of those after it, and the share of one process's."""
    ratios = report["ratios"]
    shares = {ALONE.name: 1.0, JOBLIB.name: ratios["joblib_to_one"], RAY.name: ratios["ray_to_one"]}
    rows = [
        (name, f"{first_s:.1f}", f"{statistics.median(report['rounds_s'][name]):.1f}", f"{shares[name]:.2f}")
        for name, first_s in report["first_s"].items()
    ]
    return Table(("cells computed by", "first time, s", "later, s", "of one process"), rows)


def _round(jobs: Sequence[Playing]) -> dict[str, float]:
    """How long all cells take each way (s); raises RuntimeError where one is missing, or another."""
    taken_s, found = {}, {}
    for way in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            said: list[str] = []
            began_s = time.perf_counter()
            if way is RAY:
                _begin_ray()
            ran = run_jobs(jobs, Path(folder), way.backend, way.workers, said.append)
            taken_s[way.name] = time.perf_counter() - began_s
            if ran.computed != len(jobs):
                raise RuntimeError(f"{way.name}: {ran.computed} cells of {len(jobs)}: {'; '.join(said)}")
            found[way.name] = [read_cell(job.cell.path(Path(folder)))["served"] for job in jobs]
        if found[way.name] != found[ALONE.name]:
            raise RuntimeError(f"{way.name}: has other results than {ALONE.name}")
    return taken_s


def _begin_ray() -> None:
    """A cluster of this machine, unless there is one already."""
    register_ray()
    import ray

    if not ray.is_initialized():
        os.environ.setdefault("RAY_worker_niceness", "0")  # else its workers make way for all others, joblib's do not
        ray.init(num_cpus=TOGETHER, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)


def _end_ray() -> None:
    if "ray" in sys.modules:
        sys.modules["ray"].shutdown()
