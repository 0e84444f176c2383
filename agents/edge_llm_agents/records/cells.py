"""A cell of the suite: what one policy did in one environment and scenario, as one JSON file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_llm_agents.records.record import NoRecordError, read_record, write_record
from edge_llm_env.support.naming import shown

PREPARATION = "preparation"
"""In place of an environment: what several cells of a scenario need."""


@dataclass(frozen=True)
class Cell:
    """Where a cell stands in the suite."""

    environment: str
    """An id of the registry, or PREPARATION."""
    scenario: str
    policy: str
    seed: int = 0
    """Which of the policy's training seeds, counted from 0."""

    def __str__(self) -> str:
        return f"{self.environment}, {self.scenario}, {self.policy}" + (f", seed {self.seed}" if self.seed else "")

    def path(self, folder: Path) -> Path:
        """Its file below the folder of the suite. Raises ValueError for a scenario whose name is no folder's."""
        if Path(self.scenario).name != self.scenario or self.scenario in ("", "..") or "\\" in self.scenario:
            raise ValueError(f"scenario = {shown(self.scenario)}: must be the name of a folder of results")
        name = "-".join(re.findall(r"[a-z0-9.]+", self.policy.lower()))
        environment = self.environment.rpartition("/")[2]
        return folder / environment / self.scenario / f"{name}{f'-seed{self.seed}' if self.seed else ''}.json"


def write_cell(folder: Path, record: dict[str, Any]) -> None:
    """Write a cell's record, whole or not at all."""
    write_record(Cell(**record["cell"]).path(folder), record)


def read_cell(path: Path) -> dict[str, Any]:
    """A cell's record; NoRecordError where the file holds none."""
    record = read_record(path)
    try:
        Cell(**record["cell"])
        dict(record["identity"])
    except (KeyError, TypeError, ValueError) as error:
        raise NoRecordError(f"{path}: not a cell of the suite: {error!r}") from None
    return record


def cell_files(folder: Path) -> list[Path]:
    """Every cell's file below the folder of a suite, in order."""
    return sorted(folder.glob("*/*/*.json"))


def changes(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """What of an identity, or of versions, is another than in a finished cell, in words; empty where nothing is."""
    return ", ".join(
        f"{name} {str(found.get(name))[:12]} → {str(value)[:12]}"
        for name, value in wanted.items()
        if found.get(name) != value
    )
