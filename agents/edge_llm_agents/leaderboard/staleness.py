"""Which finished cells a run would compute again, and why: found without playing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from edge_llm_agents.leaderboard.jobs import HINDSIGHT, TUNING, Hindsight, Job, Tuning, changes_of
from edge_llm_agents.leaderboard.policies.seeds import TRAINING, Training
from edge_llm_agents.leaderboard.suite import SuiteSettings, playing
from edge_llm_agents.records.cells import PREPARATION, Cell, cell_files, changes, read_cell
from edge_llm_agents.records.hashes import environment_sha256
from edge_llm_agents.records.record import versions
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_env.scenarios import list_scenarios, load_scenario
from edge_llm_env.scenarios.loading import preset_content


class Staleness(NamedTuple):
    """What of the cells below a folder is stale."""

    cells: int
    stale: Mapping[Cell, str]
    """What each stale one follows from that is another now, in words."""
    unchecked: frozenset[Cell]
    """Of scenarios that are no presets, or that replay a trace."""

    def __str__(self) -> str:
        """How many are stale, and why, on one line."""
        reasons = Counter(", ".join(_names(said)) for said in self.stale.values())
        why = "; ".join(f"{count} by {names}" for names, count in reasons.most_common())
        text = f"{len(self.stale)} of {self.cells} cells are stale" + (f": {why}" if why else "")
        return f"{text}; {len(self.unchecked)} were not checked" if self.unchecked else text


def _names(said: str) -> list[str]:
    return [part.partition(" ")[0] for part in said.split(", ")]


def staleness(folder: Path) -> Staleness:
    """Hold every cell against what it would follow from now.

    Of a policy that somebody submitted the code is not looked at, only its environment, workloads and versions. Raises
    NoRecordError for a file that is no cell.
    """
    records = [read_cell(path) for path in cell_files(folder)]
    known = frozenset(name for name in list_scenarios() if not _replays(name))
    jobs = _Jobs(folder)
    stale, unchecked = {}, []
    for record in records:
        cell = Cell(**record["cell"])
        if cell.scenario not in known:
            unchecked.append(cell)
        elif said := jobs.changes(cell, record):
            stale[cell] = said
    return Staleness(len(records), stale, frozenset(unchecked))


def _replays(name: str) -> bool:
    return bool(preset_content(name)["workload"]["arrivals"]["kind"] == "trace")


class _Jobs:
    """The jobs that cells below a folder come from, each set of workloads drawn once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._workload_sets: dict[tuple[str, int, int], WorkloadSet] = {}
        self._of_suite: dict[tuple[str, int, int], dict[Cell, Job]] = {}

    def changes(self, cell: Cell, record: dict[str, Any]) -> str:
        """What a cell follows from that is another now."""
        identity = record["identity"]
        key = (cell.scenario, identity["episodes"], identity["workload_seed"])
        if key not in self._workload_sets:
            scenario, episodes, seed = key
            self._workload_sets[key] = WorkloadSet.of(load_scenario(scenario), episodes, seed)
        workload_set = self._workload_sets[key]
        job = self._preparation(cell, workload_set) if cell.environment == PREPARATION else self._playing(cell, key)
        if job is not None:
            return changes_of(job, record)
        wanted = workload_set.identity() | {"environment_sha256": environment_sha256(cell.environment)}
        said = (changes(wanted, identity), changes(versions(), record["provenance"]["versions"]))
        return ", ".join(filter(None, said))

    def _preparation(self, cell: Cell, workload_set: WorkloadSet) -> Job:
        if cell.policy == HINDSIGHT:
            return Hindsight(workload_set)
        if cell.policy == TUNING:
            return Tuning.of(workload_set.scenario, workload_set.seed)
        return Training(cell.policy.removeprefix(TRAINING), cell.seed, workload_set)

    def _playing(self, cell: Cell, key: tuple[str, int, int]) -> Job | None:
        """None for a policy that is not of the suite."""
        if key not in self._of_suite:
            settings = SuiteSettings(seed=key[2], results=self._folder)
            found = playing(settings, self._workload_sets[key], {})
            self._of_suite[key] = {job.cell: job for job in found}
        return self._of_suite[key].get(cell)
