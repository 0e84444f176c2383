"""Submissions evaluated again: whether the numbers of a record are what its policies do here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from edge_llm_agents.protocol.judging import Gained, Task, same
from edge_llm_agents.protocol.packing import unpacked
from edge_llm_agents.protocol.reading import claim_of, read_submission
from edge_llm_agents.protocol.rules import REPORTED, exceeds
from edge_llm_agents.protocol.submission import of_split
from edge_llm_agents.records.cells import changes
from edge_llm_agents.records.record import versions
from edge_llm_agents.records.workload_sets import WorkloadSet


class Verified(NamedTuple):
    """What evaluating a record again found."""

    differences: tuple[str, ...]
    """Numbers that are others here, in words, or why they cannot be found; none where all agree."""
    changed: str
    """What the record follows from that is another here: code, workloads, versions; what may explain differences."""

    @property
    def agrees(self) -> bool:
        """Whether every number is the same."""
        return not self.differences


def verify(path: Path, *, trust: bool = False, report: Callable[[str], None] = print) -> Verified:
    """Play a record's policies, the reference rule and the bound again, on workloads drawn again.

    `trust` allows functions and zips of Stable-Baselines3, which run code of whoever made the record. Raises
    NoRecordError for a file that is no submission, ValueError for one without its policies, for a scenario that there
    is not and without `trust` where it is needed, and OSError.
    """
    record = read_submission(path)
    for run in record["runs"]:
        if run["policy"] is None:
            raise ValueError(f"{path}: runs: policy of training seed {run['seed']} = None: must be in the record")
    claim, identity = claim_of(record), record["identity"]
    workload_set = WorkloadSet.of(
        claim.scenario, identity["episodes"], identity["workload_seed"], REPORTED[claim.split]
    )
    task = Task(claim.environment, workload_set, record["claim"]["bounded"])
    changed = [changes(task.identity(), identity), changes(versions(_packages(record)), _versions(record))]
    differences = []
    for run in record["runs"]:
        report(f"{claim.name}, training seed {run['seed']}: plays {identity['episodes']} workloads")
        what = f"training seed {run['seed']}"
        with unpacked(run["policy"], trust=trust) as source:
            if (sha256 := source.sha256(claim.environment)) != run["policy_sha256"]:
                changed.append(f"policy_sha256 {run['policy_sha256'][:12]} → {sha256[:12]}")
            played = partial(task.played_by, of_split(source, claim.split))
            differences.append(_difference(what, run["gained"], played))
        if run["over_budget"] != exceeds(claim.budget, run["decisions"]):
            differences.append(f"{what}: over_budget {run['over_budget']}, not so by {run['decisions']:,} decisions")
    report("the reference rule and the bound")
    reference = record["reference"]["gained"]
    differences.append(_difference("the reference rule", reference, lambda: task.reference()["gained"]))
    differences.append(_difference("the bound", record["bound"], task.bound))
    return Verified(tuple(filter(None, differences)), ", ".join(filter(None, changed)))


def _difference(what: str, recorded: Gained, found_here: Callable[[], Gained]) -> str:
    """How what is found here differs from what is recorded, in words; empty where it does not."""
    try:
        found = found_here()
    except Exception as error:  # whatever somebody else's policy does
        return f"{what}: fails here: {type(error).__name__}: {error}"
    if same(recorded, found):
        return ""
    if len(found) != len(recorded):
        return f"{what}: {len(recorded)} numbers recorded, {len(found)} here"
    count = sum(not same([one], [other]) for one, other in zip(recorded, found, strict=True))
    means = f"mean {np.mean(recorded):.4f} recorded, {np.mean(found):.4f} here"
    return f"{what}: other on {count} of {len(found)} workloads, {means}"


def _versions(record: dict[str, Any]) -> dict[str, str]:
    return dict(record["provenance"]["versions"])


def _packages(record: dict[str, Any]) -> list[str]:
    """Packages that the record names, so that their versions here are held against them."""
    return [name for name in _versions(record) if name != "python"]
