"""A record of a submitted policy: one file that holds all that it takes to play it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge_llm_agents.leaderboard.policies.saved_file import SavedFile
from edge_llm_agents.leaderboard.policies.sources import Source
from edge_llm_agents.protocol.claims import Claim, Run
from edge_llm_agents.protocol.judging import Task, Yardstick
from edge_llm_agents.protocol.packing import packed, unpacked
from edge_llm_agents.protocol.rules import REPORTED, exceeds
from edge_llm_agents.records.cells import Cell, cell_files
from edge_llm_agents.records.hashes import combined_sha256
from edge_llm_agents.records.record import provenance, write_record
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_env.scenarios import Scenario, list_scenarios, load_scenario
from edge_llm_env.scenarios.file_paths import paths_of
from edge_llm_env.support.naming import shown

Record = dict[str, Any]


def submit(
    claim: Claim,
    runs: Sequence[Run],
    episodes: int = 50,
    seed: int = 0,
    bounded: int = 10,
    report: Callable[[str], None] = print,
    yardstick: Callable[[Task], Yardstick] = Yardstick.of,
) -> Record:
    """Play a policy's runs as they are packed, with the reference and the bound; the record.

    `yardstick` may know them already. `episodes` workloads of `seed`, the first `bounded` of which are also bounded.
    Submitting runs the policy's code. Raises ValueError for no run, two of one training seed, or fewer than two
    workloads, for a scenario that needs a file, and DoesNotPlayError, a ValueError, for a policy of another environment
    or scenario.
    """
    if not runs:
        raise ValueError("runs: must be at least one")
    if len({run.seed for run in runs}) < len(runs):
        raise ValueError(f"seeds = {', '.join(str(run.seed) for run in runs)}: must be different ones")
    task = task_of(claim, episodes, seed, bounded)
    content = content_of(claim.scenario)
    played, hashes = [], []
    for run in runs:
        report(f"{claim.name}, training seed {run.seed}: plays {episodes} workloads")
        policy = packed(run.source, run.beside)
        with unpacked(policy, trust=True) as source:
            sha256, packages = source.sha256(claim.environment), source.packages
            found = task.played_by(of_split(source, claim.split))
        hashes.append(sha256)
        played.append(
            {
                "seed": run.seed,
                "policy": policy,
                "policy_sha256": sha256,
                "decisions": run.decisions,
                "over_budget": exceeds(claim.budget, run.decisions),
                "wall_s": run.wall_s,
                "curve": [dict(point) for point in run.curve],
                "gained": found,
            }
        )
    report("the reference rule and the bound")
    reference, bound = yardstick(task)
    said = {name: getattr(claim, name) for name in ("made_for", "split", "budget", "knows", "algorithm")}
    return {
        "cell": asdict(Cell(claim.environment, claim.scenario.name, claim.name)),
        "claim": said | {"bounded": bounded},
        "scenario": content,
        "identity": task.identity() | {"policy_sha256": combined_sha256(*hashes)},
        "provenance": provenance(packages),
        "runs": played,
        "reference": reference,
        "bound": bound,
    }


def task_of(claim: Claim, episodes: int, seed: int, bounded: int) -> Task:
    """The workloads of a claim; ValueError for fewer than two, or a number of bounded ones that there cannot be."""
    if episodes < 2:
        raise ValueError(f"episodes = {episodes}: must be at least 2")
    if not 0 <= bounded <= episodes:
        raise ValueError(f"bounded = {bounded}: must be in 0..{episodes}")
    return Task(claim.environment, WorkloadSet.of(claim.scenario, episodes, seed, REPORTED[claim.split]), bounded)


def of_split(source: Source, split: str) -> Source:
    """A policy as it plays a split: one with a card goes to another scenario where the split is `shifted` alone."""
    return SavedFile(source.path, elsewhere=split == "shifted") if isinstance(source, SavedFile) else source


def path_of_submission(folder: Path, record: Mapping[str, Any]) -> Path:
    """Where a record lies below a folder: split/environment/scenario/policy.json."""
    return Cell(**record["cell"]).path(folder / record["claim"]["split"])


def write_submission(folder: Path, record: Record) -> Path:
    """Write a record, whole or not at all; its file."""
    path = path_of_submission(folder, record)
    write_record(path, record)
    return path


def submissions_in(folder: Path) -> list[Path]:
    """Files of the records below a folder, in order."""
    return [path for split in REPORTED for path in cell_files(folder / split)]


def content_of(scenario: Scenario) -> dict[str, Any] | None:
    """A scenario for a record: None for a preset, which its name says; ValueError for one that needs files."""
    content = scenario.model_dump(mode="json", exclude_none=True)
    if paths := paths_of(content):
        raise ValueError(f"scenario = {scenario.name}: needs {shown(paths[0])}, must need no file to be in a record")
    if scenario.name in list_scenarios() and load_scenario(scenario.name).fingerprint() == scenario.fingerprint():
        return None
    return content
