"""Running jobs side by side, and keeping every cell as soon as it is finished."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import joblib
from tqdm import tqdm

from edge_llm_agents.evaluation.models import DoesNotPlayError
from edge_llm_agents.leaderboard.jobs import Job, changes_of, record_of
from edge_llm_agents.records.cells import read_cell, write_cell
from edge_llm_agents.records.record import NoRecordError
from edge_llm_env.support.naming import one_of

BACKENDS = {"local": "loky", "ray": "ray"}
"""joblib's backends by what the suite calls them: processes of this machine, or those of a Ray cluster."""


RESULTS = ("served", "reward", "settled", "expired", "upper_bound", "tuned", "arrays")
"""Fields of cells that are the same wherever and whenever they are computed."""


class Outcome(NamedTuple):
    """What became of a job in its process."""

    record: dict[str, Any] | None
    left_out: str = ""
    """Why there is no cell: the policy is not for it."""
    failed: str = ""
    """Why there is no cell: an error, which the other cells need not share."""


class Ran(NamedTuple):
    """What became of all jobs, as numbers of cells."""

    kept: int
    """Finished before."""
    computed: int
    left_out: int
    """Of policies that are not for them."""
    failed: int


def unfinished(jobs: Sequence[Job], folder: Path, report: Callable[[str], None]) -> list[Job]:
    """The jobs whose cells are missing or stale; what made one stale is reported.

    Raises ValueError for two jobs of one file.
    """
    left = []
    paths: dict[Path, Job] = {}
    for job in jobs:
        path = job.cell.path(folder)
        if paths.setdefault(path, job) is not job:
            raise ValueError(f"{job.cell}: has the same file as {paths[path].cell}, name it otherwise")
        if path.is_file():
            try:
                changed = changes_of(job, read_cell(path))
            except ValueError as error:
                changed = str(error)
            if not changed:
                continue
            report(f"{job.cell}: stale: {changed}")
        left.append(job)
    return left


def run_jobs(
    jobs: Sequence[Job],
    folder: Path,
    backend: str,
    workers: int,
    report: Callable[[str], None],
    doing: str = "cells",
) -> Ran:
    """Compute the cells that are missing or stale and write each when it is done; none twice.

    `workers` is the number of jobs at once, -1 for one per core; `doing` stands beside the progress bar. Raises
    ValueError for a backend that is not in BACKENDS, or that is not installed.
    """
    left = unfinished(jobs, folder, report)
    progress = tqdm(total=len(jobs), initial=len(jobs) - len(left), desc=doing, unit="cell", disable=None)
    computed, left_out = 0, 0
    for job, outcome in zip_outcomes(left, backend, workers):
        failed = outcome.failed
        if outcome.record is not None and (differs := changes_of(job, outcome.record)):
            failed = f"its process has others than this one (there → here): {differs}"
        if failed:
            report(f"{job.cell}: failed: {failed}")
        elif outcome.record is None:
            left_out += 1
            report(f"{job.cell}: left out: {outcome.left_out}")
        else:
            computed += 1
            report_results(job, outcome.record, folder, report)
            write_cell(folder, outcome.record)
        progress.update()
    progress.close()
    return Ran(len(jobs) - len(left), computed, left_out, len(left) - computed - left_out)


def report_results(job: Job, record: dict[str, Any], folder: Path, report: Callable[[str], None]) -> None:
    """Say whether a cell that is computed again has the results that it had, if it had any."""
    try:
        before = read_cell(job.cell.path(folder))
    except (NoRecordError, OSError):
        return
    others = [name for name in RESULTS if record.get(name) != before.get(name)]
    said = f"other {', '.join(others)}" if others else "the same results"
    report(f"{job.cell}: computed again: {said}")


def zip_outcomes(jobs: Sequence[Job], backend: str, workers: int) -> Iterator[tuple[Job, Outcome]]:
    """Every job with its outcome, in the order in which they are done."""
    if one_of("backend", backend, BACKENDS) == "ray":
        register_ray()
    with joblib.parallel_config(backend=BACKENDS[backend], n_jobs=workers):
        parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
        for at, outcome in parallel(joblib.delayed(outcome_of)(at, job) for at, job in enumerate(jobs)):
            yield jobs[at], outcome


def outcome_of(at: int, job: Job) -> tuple[int, Outcome]:
    """Run a job, whatever code it brings along, and say what became of it."""
    try:
        return at, Outcome(record_of(job))
    except DoesNotPlayError as error:
        return at, Outcome(None, left_out=str(error))
    except Exception as error:  # somebody else's policy must not end the run
        where = traceback.extract_tb(error.__traceback__)[-1]
        return at, Outcome(None, failed=f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})")


def register_ray() -> None:
    """Make joblib's backend `ray` known; raises ValueError where Ray is not installed."""
    try:
        from ray.util.joblib.ray_backend import RayBackend
    except ImportError:
        raise ValueError("backend = 'ray': Ray is not installed: pip install \"edge-llm-env[cluster]\"") from None

    class Streaming(RayBackend):
        """Ray's, whose pool calls back as each result arrives, so that no finished cell waits for the others."""

        supports_return_generator = True

    joblib.register_parallel_backend("ray", Streaming)
